import { EcsRunFargateTask } from 'aws-cdk-lib/aws-scheduler-targets';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import { grantTagTasks } from '../../fargate-run';

/** A task that a schedule starts with tags that ECS manages; the role of the target of aws-cdk-lib may not set them. */
export class TaggedTask extends EcsRunFargateTask {
  protected override addTargetActionToRole(role: IRole): void {
    super.addTargetActionToRole(role);
    grantTagTasks(this.cluster, role);
  }
}
