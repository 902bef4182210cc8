/** Labels of a container: those of the ECS agent, and the one of `patches/ecs_container_settings.py`. */
export const Labels = {
  taskArn: 'com.amazonaws.ecs.task-arn',
  cluster: 'com.amazonaws.ecs.cluster',
  container: 'com.amazonaws.ecs.container-name',
  family: 'com.amazonaws.ecs.task-definition-family',
  role: 'dev.fileworks.task-role',
} as const;
