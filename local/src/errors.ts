/** The kind of an error, for programs; the message describes it for people, in one sentence. */
export type LocalCloudErrorCode =
  | 'PythonMissing'
  | 'InstallFailed'
  | 'PortInUse'
  | 'EmulatorFailed'
  | 'AssemblyInvalid'
  | 'TemplateUnsupported'
  | 'TemplateRefused'
  | 'DeploymentFailed'
  | 'TasksInvalid'
  | 'OptionInvalid'
  | 'UnknownTask';

/** The one error class of this package. Match on `code`. */
export class LocalCloudError extends Error {
  constructor(
    readonly code: LocalCloudErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'LocalCloudError';
  }
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
}
