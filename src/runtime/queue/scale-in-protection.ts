/** Keeps the platform from stopping this worker while it has work. */
export interface ScaleInProtection {
  /**
   * Takes or renews the protection. Resolves with `refused` when the platform wants this worker gone, which then
   * drains;
   * failures of any other kind MUST resolve with `granted`, since work does not depend on protection.
   */
  acquire(): Promise<'granted' | 'refused'>;
  /** Gives the protection back; never rejects. */
  release(): Promise<void>;
  /** Milliseconds after which a held protection must be acquired again. */
  readonly renewEveryMs: number;
  /** Milliseconds without work after which it is given back; a task that flaps would ask the platform all the time. */
  readonly releaseAfterIdleMs: number;
}
