import { EcsRunFargateTask, type FargateTaskProps } from 'aws-cdk-lib/aws-scheduler-targets';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import { grantRunTask, type RunnableTask } from '../../fargate-run';

/**
 * A task that a schedule starts with the tags of its definition and those that ECS manages. The target of aws-cdk-lib
 * grants its role one revision, without tags.
 */
export class TaggedTask extends EcsRunFargateTask {
  readonly #task: RunnableTask;

  constructor(task: RunnableTask, props: Omit<FargateTaskProps, 'taskDefinition'>) {
    const { cluster, taskDefinition } = task;
    super(cluster, { ...props, taskDefinition, propagateTags: true, enableEcsManagedTags: true });
    this.#task = task;
  }

  protected override addTargetActionToRole(role: IRole): void {
    grantRunTask(this.#task, role);
  }
}
