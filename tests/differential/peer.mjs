// Answers requests, a line of JSON each, by @cloud-copilot/iam-simulate: "Allowed", "ExplicitlyDenied", "ImplicitlyDenied",
// or an object that says what it would not take.
import { createInterface } from 'node:readline'
import { runSimulation } from '@cloud-copilot/iam-simulate'

const answers = []
for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  let answer
  try {
    const found = await runSimulation(JSON.parse(line), { simulationMode: 'Strict' })
    answer = found.overallResult ?? { error: found.errors }
  } catch (fault) {
    answer = { error: String(fault) }
  }
  answers.push(JSON.stringify(answer))
}
process.stdout.write(answers.join('\n') + '\n')
