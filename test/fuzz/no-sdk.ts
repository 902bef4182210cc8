// In place of the AWS SDK, as far as the targets construct its commands: nothing is sent anywhere.
class Command {
  constructor(readonly input: unknown) {}
}

export { Command as DescribeTaskDefinitionCommand, Command as GetObjectCommand, Command as SendMessageBatchCommand };
