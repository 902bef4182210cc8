/** What happens to a file that matches no type. */
export class UnmatchedFile {
  /** Its event goes to the dead-letter queue, whose alarm is then in ALARM. */
  static readonly DEAD_LETTER = new UnmatchedFile('dead-letter');

  /** The file is ignored. */
  static readonly IGNORE = new UnmatchedFile('ignore');

  /**
   * It gets a type, as if it met the conditions of that type. The type cannot reference parts of the key, which the
   * file may lack.
   *
   * @param typeId id of a type of the dispatcher
   */
  static asType(typeId: string): UnmatchedFile {
    return new UnmatchedFile('type', typeId);
  }

  /** `dead-letter`, `ignore` or `type`. */
  readonly action: string;

  /** The type of the file, if `action` is `type`. */
  readonly typeId?: string;

  private constructor(action: 'dead-letter' | 'ignore' | 'type', typeId?: string) {
    this.action = action;
    this.typeId = typeId;
  }
}
