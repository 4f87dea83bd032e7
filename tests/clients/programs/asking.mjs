// For each line of standard input, ask STS who this is, by one client that lives on; print that and its key.
import { createInterface } from "node:readline";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

const client = new STSClient();
for await (const _ of createInterface({ input: process.stdin })) {
  const { Arn } = await client.send(new GetCallerIdentityCommand({}));
  console.log(Arn, (await client.config.credentials()).accessKeyId);
}
