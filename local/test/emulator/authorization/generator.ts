/** Deterministic cases for the evaluator and its oracle: policies of every kind, so that about a third is allowed. */

export type Policy = { readonly Version?: string; readonly Statement: readonly Record<string, unknown>[] };
export type Values = Readonly<Record<string, string | readonly string[]>>;

export interface Case {
  readonly principal: string;
  readonly account: string;
  readonly action: string;
  readonly resource: string;
  readonly context: Values;
  readonly identity: readonly Policy[];
  readonly boundary?: Policy;
  readonly session?: Policy;
  readonly resourcePolicy?: Policy;
  readonly resourceAccount: string;
  readonly mustAllow: boolean;
}

const OWN = '111122223333';
const OTHER = '444455556666';

const ROLE = (account: string) => `arn:aws:iam::${account}:role/team/Worker`;
const SESSION = (account: string) => `arn:aws:sts::${account}:assumed-role/Worker/i-1`;
const USER = (account: string) => `arn:aws:iam::${account}:user/ann`;

/** An action, the ARN of a resource, and others that a policy may name. */
type Call = readonly [action: string, resource: string, ...others: string[]];
interface Caller {
  readonly principal: string;
  readonly session: boolean;
}
const CALLS: readonly Call[] = [
  [
    's3:GetObject',
    'arn:aws:s3:::in/ann/a:b.zip',
    'arn:aws:s3:::out/*',
    'arn:aws:s3:::in/*',
    'arn:aws:s3:::in/a.n/*',
    'arn:aws:s3:::in/${aws:username}/*',
  ],
  ['s3:ListBucket', 'arn:aws:s3:::in', 'arn:aws:s3:::in/*', 'arn:aws:s3:::i?', 'arn:aws:s3'],
  [
    'sqs:SendMessage',
    `arn:aws:sqs:eu-west-1:${OWN}:jobs`,
    'arn:aws:sqs:*:*:jobs',
    'arn:aws:sqs:eu-*',
    `arn:aws:sqs:eu-*:${OWN}:j*s`,
  ],
  [
    'ecs:RunTask',
    `arn:aws:ecs:eu-west-1:${OWN}:task-definition/loader:7`,
    `arn:aws:ecs:*:${OWN}:task-definition/loader:*`,
  ],
  [
    'dynamodb:PutItem',
    `arn:aws:dynamodb:eu-west-1:${OWN}:table/jobs`,
    'arn:aws:dynamodb:*:*:table/${aws:PrincipalTag/team}',
  ],
  ['sts:AssumeRole', `arn:aws:iam::${OWN}:role/target`, 'arn:aws:iam::*:role/t*'],
  ['kms:Decrypt', `arn:aws:kms:eu-west-1:${OWN}:key/1`, 'arn:aws:kms:*:*:key/*'],
];

/** Where identity policies alone do not suffice. */
const MUST_ALLOW = ['kms:Decrypt', 'sts:AssumeRole'];

/** Values of the request, each of a key's type; a key is left out of every third request. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  'aws:username': ['ann', 'bob', 'a*n'],
  'aws:PrincipalTag/team': ['jobs', 'Jobs', 'jo', 'x'],
  'aws:SourceArn': [`arn:aws:s3:::in`, `arn:aws:events:eu-west-1:${OWN}:rule/daily/run`, 'no-arn'],
  'aws:SourceAccount': [OWN, OTHER],
  'aws:SourceIp': ['10.0.0.7', '10.1.0.7', 'none'],
  'aws:VpcSourceIp': ['2001:db8::7', '2001:db9::7'],
  'aws:CurrentTime': ['2026-01-01T00:00:00Z', '2026-06-30T12:00:00Z'],
  'aws:EpochTime': ['1767225600', '1782820800'],
  'aws:SecureTransport': ['true', 'false'],
  'aws:MultiFactorAuthAge': ['10', '10.0', '99', '-3', 'many'],
  's3:prefix': ['', 'ann/', 'ANN/', 'ann/x?', '*'],
  'aws:PrincipalTag/key': ['QmluYXJ5', 'b3RoZXI='],
  'ecs:cluster': [`arn:aws:ecs:eu-west-1:${OWN}:cluster/main`, `arn:aws:ecs:eu-west-1:${OWN}:cluster/test`],
};
const LISTS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'aws:TagKeys': [['team'], ['team', 'cost'], ['Cost', 'stage']],
  'dynamodb:LeadingKeys': [['ann'], ['ann', 'bob'], ['bob/1']],
};

/** Which action has a key of its service: the oracle drops it from the requests of all others. */
const SENT_WITH: Readonly<Partial<Record<string, readonly string[]>>> = {
  's3:ListBucket': ['s3:prefix'],
  'ecs:RunTask': ['ecs:cluster'],
  'dynamodb:PutItem': ['dynamodb:LeadingKeys'],
};

/** Keys that policies name as variables are in each request: see the deviations on variables without a value. */
const VARIABLES = ['aws:username', 'aws:PrincipalTag/team'];

const STRINGS = [
  'ann',
  'ANN',
  'jobs',
  'ann/*',
  'a?n',
  '*',
  'bob',
  'team',
  'co*',
  '${aws:username}',
  '${aws:username}/*',
];
const TEXTS = [...STRINGS, "${aws:PrincipalTag/team, 'jobs'}", "${aws:nothing, 'ann'}"];
/** For operators that are neither inverted nor ignore case. */
const ODD_TEXTS = ['${aws:nothing}', 'a${*}n', '${aws:TagKeys}'];
const ARNS = [
  'arn:aws:s3:::in',
  'arn:aws:s3:::*',
  'arn:aws:events:*:*:rule/*',
  'arn:aws:events:eu-west-?:*:rule/daily/*',
  `arn:aws:ecs:*:${OWN}:cluster/main`,
  'arn:*:*:*:*:*',
];
type Family = readonly [operators: readonly string[], keys: readonly string[], values: readonly string[]];
const STRING_KEYS = ['aws:username', 'aws:PrincipalTag/team', 's3:prefix', 'aws:SourceAccount', ...Object.keys(LISTS)];
const FAMILIES: readonly Family[] = [
  [['StringEquals', 'StringLike'], STRING_KEYS, [...TEXTS, ...ODD_TEXTS, OWN]],
  [['StringNotEquals', 'StringNotLike'], STRING_KEYS, [...TEXTS, OWN]],
  [['StringEqualsIgnoreCase', 'StringNotEqualsIgnoreCase'], STRING_KEYS, [...TEXTS, OWN]],
  [
    ['Equals', 'NotEquals', 'LessThan', 'LessThanEquals', 'GreaterThan', 'GreaterThanEquals'].map(
      (name) => `Numeric${name}`,
    ),
    ['aws:MultiFactorAuthAge'],
    ['10', '10.0', '50', '-3'],
  ],
  [
    ['Equals', 'NotEquals', 'LessThan', 'LessThanEquals', 'GreaterThan', 'GreaterThanEquals'].map(
      (name) => `Date${name}`,
    ),
    ['aws:CurrentTime'],
    ['2026-01-01T00:00:00Z', '2026-06-30T12:00:00Z', '2026-03-01T00:00:00+02:00'],
  ],
  [['Bool'], ['aws:SecureTransport'], ['true', 'false', 'True']],
  [['BinaryEquals'], ['aws:PrincipalTag/key'], ['QmluYXJ5', 'b3RoZXI=']],
  [['IpAddress', 'NotIpAddress'], ['aws:SourceIp'], ['10.0.0.0/16', '10.0.0.7']],
  [['IpAddress', 'NotIpAddress'], ['aws:VpcSourceIp'], ['2001:db8::/32', '2001:db8::7']],
  [['ArnEquals', 'ArnLike', 'ArnNotEquals', 'ArnNotLike'], ['aws:SourceArn', 'ecs:cluster'], ARNS],
];

/** A small generator of pseudo-random numbers (mulberry32): the same seed, the same cases. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class Generator {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = random(seed);
  }

  case(): Case {
    const call = this.#one(CALLS);
    const [action, resource] = call;
    const account = this.#chance(0.75) ? OWN : OTHER;
    const service = this.#chance(0.15);
    const principal = service
      ? this.#one(['events.amazonaws.com', 's3.amazonaws.com'])
      : this.#one([SESSION, SESSION, USER])(account);
    const session = !service && principal.includes('assumed-role') && this.#chance(0.2);
    const identity = () => this.#policy(call);
    const needed = service || account === OTHER || MUST_ALLOW.includes(action);
    return {
      principal,
      account: service ? '' : account,
      action,
      resource,
      context: this.#context(action),
      identity: service ? [] : [identity(), ...(this.#chance(0.3) ? [identity()] : [])],
      ...(!service && this.#chance(0.25) ? { boundary: identity() } : {}),
      ...(session ? { session: identity() } : {}),
      ...(needed || this.#chance(0.5) ? { resourcePolicy: this.#policy(call, { principal, session }) } : {}),
      resourceAccount: OWN,
      mustAllow: MUST_ALLOW.includes(action),
    };
  }

  /** Without a Version, it has no variables: the oracle would replace them. */
  #policy(call: Call, caller?: Caller): Policy {
    const variables = this.#chance(0.9);
    const statements = Array.from({ length: 1 + this.#below(3) }, (_, at) =>
      this.#statement(call, at > 0, variables, caller),
    );
    return { ...(variables ? { Version: '2012-10-17' } : {}), Statement: statements };
  }

  #statement([action, ...named]: Call, mayDeny: boolean, variables: boolean, caller?: Caller): Record<string, unknown> {
    const [service, name] = action.split(':');
    const effect = mayDeny && this.#chance(0.35) ? 'Deny' : 'Allow';
    const spelt = `${service}:${name.toUpperCase()}`;
    const actions = [
      action,
      spelt,
      `${service}:*`,
      `${service}:${name.slice(0, 3)}*`,
      '*',
      'iam:GetRole',
      `${action}?`,
    ];
    const resources = [named[0], ...named, '*', 'arn:aws:s3:::none/*'].filter(
      (arn) => variables || !arn.includes('${'),
    );
    const excepts = effect === 'Deny' && this.#chance(0.15);
    const who =
      caller &&
      (excepts ? { NotPrincipal: this.#exception(caller.principal) } : { Principal: this.#principal(caller.session) });
    const trust = caller && action.startsWith('sts');
    return {
      Effect: effect,
      ...who,
      [this.#chance(0.9) ? 'Action' : 'NotAction']: this.#some(actions),
      ...(trust ? {} : { [this.#chance(0.9) ? 'Resource' : 'NotResource']: this.#some(resources) }),
      ...(this.#chance(0.55) ? { Condition: this.#conditions(variables) } : {}),
    };
  }

  /** With a session policy, none that names the session: the oracle lets the session policy limit that. */
  #principal(session: boolean): unknown {
    const account = this.#chance(0.8) ? OWN : OTHER;
    const itself = session ? [] : [SESSION(account), '*'];
    const aws = [ROLE(account), USER(account), account, `arn:aws:iam::${account}:root`, ROLE(OTHER), ...itself];
    if (this.#chance(0.1) && !session) {
      return '*';
    }
    if (this.#chance(0.3)) {
      return { Service: this.#some(['events.amazonaws.com', 's3.amazonaws.com', 'sns.amazonaws.com']) };
    }
    return { AWS: this.#some(aws), ...(this.#chance(0.3) ? { Service: 'events.amazonaws.com' } : {}) };
  }

  /** With the whole chain of the caller's account, role and session, or without any of it. */
  #exception(principal: string): unknown {
    const account = principal.split(':')[4];
    const role = principal.includes('assumed-role') ? [ROLE(account)] : [];
    return this.#one<unknown>([
      ...(account ? [{ AWS: [`arn:aws:iam::${account}:root`, ...role, principal] }] : [{ Service: principal }]),
      { Service: ['sns.amazonaws.com', 's3.amazonaws.com'] },
      { AWS: `arn:aws:iam::${OWN}:role/nobody` },
    ]);
  }

  #conditions(variables: boolean): Record<string, Record<string, unknown>> {
    const found: Record<string, Record<string, unknown>> = {};
    for (let lines = 1 + this.#below(2); lines > 0; lines--) {
      const [operators, keys, texts] = this.#one(FAMILIES);
      const key = this.#one(keys);
      const set =
        key in LISTS ? this.#one(['ForAllValues:', 'ForAnyValue:']) : this.#chance(0.08) ? 'ForAnyValue:' : '';
      const operator = this.#chance(0.12)
        ? 'Null'
        : `${set}${this.#one(operators)}${this.#chance(0.15) ? 'IfExists' : ''}`;
      const values =
        operator === 'Null' ? ['true', 'false'] : texts.filter((text) => variables || !text.includes('${'));
      found[operator] = { ...found[operator], [this.#chance(0.1) ? key.toLowerCase() : key]: this.#some(values) };
    }
    return found;
  }

  #context(action: string): Values {
    const sent = Object.entries({ ...KEYS, ...LISTS }).filter(
      ([key]) =>
        (this.#chance(0.67) || VARIABLES.includes(key)) && (key.startsWith('aws:') || SENT_WITH[action]?.includes(key)),
    );
    return Object.fromEntries(sent.map(([key, values]) => [key, this.#one<string | readonly string[]>(values)]));
  }

  #chance(likelihood: number): boolean {
    return this.#next() < likelihood;
  }

  #below(bound: number): number {
    return Math.floor(this.#next() * bound);
  }

  #one<T>(values: readonly T[]): T {
    return values[this.#below(values.length)];
  }

  #some<T>(values: readonly T[]): T | T[] {
    return this.#chance(0.6) ? this.#one(values) : Array.from({ length: 1 + this.#below(3) }, () => this.#one(values));
  }
}
