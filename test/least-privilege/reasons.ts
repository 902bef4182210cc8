/** Why a run of the local cloud does not use a permission; each stands for several deployments. */
export const LOST_EVENT = 'an event that its target cannot be given goes here; this run loses none';
export const SERVICE_EVENT = 'the local cloud raises no events of services and deployments of ECS';
