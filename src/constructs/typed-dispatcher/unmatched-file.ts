/** What becomes of a file that no type matches. */
export class UnmatchedFile {
  /** Its event goes to the dead-letter queue and rings the alarm. */
  static readonly DEAD_LETTER = new UnmatchedFile('dead-letter');

  /** Nothing. */
  static readonly IGNORE = new UnmatchedFile('ignore');

  /**
   * It is of a type, as if it met that one's conditions. The type can refer to no part of the key, which the file may
   * not have.
   *
   * @param typeId id of a type of the dispatcher
   */
  static asType(typeId: string): UnmatchedFile {
    return new UnmatchedFile('type', typeId);
  }

  /** `dead-letter`, `ignore` or `type`. */
  readonly action: string;

  /** The type that the file gets, where `action` is `type`. */
  readonly typeId?: string;

  private constructor(action: 'dead-letter' | 'ignore' | 'type', typeId?: string) {
    this.action = action;
    this.typeId = typeId;
  }
}
