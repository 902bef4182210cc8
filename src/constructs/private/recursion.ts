import { Token } from 'aws-cdk-lib';
import type { IGrantable, IPrincipal } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct, type IConstruct } from 'constructs';
import { ValidationError } from './validation-error';

/** Objects of a bucket that start work of a principal. */
interface Intake {
  readonly principal: IPrincipal;
  readonly route: IConstruct;
  readonly bucket: IBucket;
  /** Whether some key below the prefix matches the route. */
  readonly matches: (prefix: string) => boolean;
}

/** Objects of a bucket that a principal stores as its results. */
interface Results {
  readonly principal: IPrincipal;
  readonly bucket: IBucket;
  readonly prefix: string;
}

interface Flow {
  readonly intakes: Intake[];
  readonly results: Results[];
}

/** What starts work and what work stores, of each app. */
const flows = new WeakMap<IConstruct, Flow>();

/** Records the route whose objects `grantee` processes. Throws if its results lead to objects of this route. */
export function recordIntake(grantee: IGrantable, intake: Omit<Intake, 'principal'>): void {
  const flow = flowOf(intake.bucket);
  flow.intakes.push({ ...intake, principal: grantee.grantPrincipal });
  checkNoLoop(flow, grantee.grantPrincipal, intake.route);
}

/** Records the results of `grantee`. Throws if they lead to objects that it processes. */
export function recordResults(grantee: IGrantable, bucket: IBucket, prefix: string): void {
  const flow = flowOf(bucket);
  flow.results.push({ bucket, prefix, principal: grantee.grantPrincipal });
  checkNoLoop(flow, grantee.grantPrincipal, Construct.isConstruct(grantee) ? grantee : bucket);
}

/** Whether keys can have both prefixes, as far as that is known at synth. */
export function nested(a: string, b: string): boolean {
  return !Token.isUnresolved(a) && !Token.isUnresolved(b) && (a.startsWith(b) || b.startsWith(a));
}

function flowOf({ node: { root } }: IBucket): Flow {
  const flow = flows.get(root) ?? { intakes: [], results: [] };
  flows.set(root, flow);
  return flow;
}

function checkNoLoop(flow: Flow, principal: IPrincipal, scope: IConstruct): void {
  const loop = findLoop(flow, principal);
  if (loop !== undefined) {
    const { prefix, routes } = loop;
    throw new ValidationError(
      `results below ${prefix === '' ? 'any prefix' : JSON.stringify(prefix)} can match ${routes.map(({ node }) => node.path).join(' and then ')}, whose objects start the work ` +
        'that stores them, so work would start again without end; store results in another bucket or below a prefix that the route does not match, or set allowRecursion on the ' +
        'route if its results never match it or the recursion ends',
      scope,
    );
  }
}

/** A way from the results of a principal to an object that it processes. */
interface Loop {
  /** Prefix of its results. */
  readonly prefix: string;
  readonly routes: readonly IConstruct[];
}

function findLoop({ intakes, results }: Flow, principal: IPrincipal): Loop | undefined {
  const seen = new Set<IPrincipal>();
  const search = (from: IPrincipal, routes: readonly IConstruct[]): Loop | undefined => {
    seen.add(from);
    for (const { bucket, prefix } of results.filter((stored) => stored.principal === from)) {
      for (const { principal: next, route } of intakes.filter((intake) => leadsTo(bucket, prefix, intake))) {
        const passed = [...routes, route];
        const rest = next === principal ? { routes: passed } : seen.has(next) ? undefined : search(next, passed);
        if (rest !== undefined) {
          return { ...rest, prefix };
        }
      }
    }
    return undefined;
  };
  return search(principal, []);
}

function leadsTo(bucket: IBucket, prefix: string, intake: Intake): boolean {
  return bucket.bucketName === intake.bucket.bucketName && intake.matches(prefix);
}
