/**
 * Searches of `npm run model`: each row is one complete search of the state space of dispatch.pml.
 *
 * A row of the protocol must end without an error; a row of a mutant must violate its property. A mutant that passes
 * means that the property, or the fault that the mutant needs, is no longer in the model.
 */
export interface Configuration {
  readonly name: string;
  /** What may go wrong in it, in words. */
  readonly faults: string;
  /** Switches of dispatch.pml. */
  readonly flags: string;
  /** `safety`: assertions and deadlock; `liveness`: every file becomes terminal, under weak fairness. */
  readonly search: 'safety' | 'liveness';
  /** Gates every change; the others belong to `--full`. */
  readonly short: boolean;
  /** A mutant: the property that it must violate. */
  readonly violates?: Property;
}

/** Properties by the assertion of dispatch.pml that states them. */
export const properties = {
  'mutual exclusion': 'working<=',
  order: 'older',
  'bounded retries': 'tokens<=',
  'no lost file, no stuck sequence': '>=6)&&(st[',
  'latest version only': 'seen[1]',
  'deleted stays deleted': 'deletedUpTo',
  'nothing late': 'lastpos<=',
} as const;

export type Property = keyof typeof properties;

const row =
  (short: boolean, search: 'safety' | 'liveness') =>
  (name: string, faults: string, flags: string): Configuration => ({ name, faults, flags, search, short });
const gate = row(true, 'safety');
const full = row(false, 'safety');
const live = row(false, 'liveness');
const mutant = (name: string, faults: string, flags: string, violates: Property): Configuration => ({
  name,
  faults,
  flags,
  search: 'safety',
  short: true,
  violates,
});

export const configurations: readonly Configuration[] = [
  gate('base', 'crash, kill, lost event', '-DLEAN -DCRASH=1 -DKILL=1 -DLOST=1'),
  gate(
    'messages',
    'crash, duplicate, with queue, hints and acknowledgements; 2 files',
    '-DNF=2 -DCRASH=1 -DDUP=1 -DKILL=1 -DLOST=1',
  ),
  gate('refused', 'crash, refused launch, unknown reply', '-DLEAN -DCRASH=1 -DCAP=1 -DUNK=1'),
  gate('hang', 'hang, lost event, forgotten token', '-DLEAN -DLOST=1 -DHANG=1 -DTTL=1'),
  gate('park', 'crash, failing handler, lost event', '-DLEAN -DCRASH=1 -DAPPF=2 -DLOST=1'),
  gate(
    'block',
    'crash, kill, failing handler, redrive, discard',
    '-DLEAN -DBLOCK -DCRASH=1 -DKILL=1 -DLOST=1 -DAPPF=1 -DOPS=1',
  ),
  gate(
    'misconfigured',
    'crash, a launch that can never work, lost event, redrive, discard',
    '-DLEAN -DBLOCK -DCRASH=1 -DLOST=1 -DCONF=1 -DOPS=1',
  ),
  gate(
    'operator',
    'crash, failing handler; redrive of a parked file, discard of queued, waiting and parked ones',
    '-DLEAN -DCRASH=1 -DAPPF=2 -DOPS=1',
  ),
  gate(
    'reprocessed',
    'crash, kill, lost event; a completed file is processed again',
    '-DLEAN -DREDO=1 -DCRASH=1 -DKILL=1 -DLOST=1',
  ),
  gate('paused', 'crash, kill, lost event; 2 pauses at any time', '-DLEAN -DPAUSE=2 -DCRASH=1 -DKILL=1 -DLOST=1'),
  gate('interrupted', 'crash, 2 interrupted containers, lost event', '-DLEAN -DSPOT -DCRASH=1 -DKILL=2 -DLOST=1'),
  gate(
    'canceled',
    'crash, failing handler, lost event, unknown reply; a file is canceled while its task is started or running',
    '-DLEAN -DCANCEL=1 -DCRASH=1 -DAPPF=1 -DLOST=1 -DUNK=1',
  ),
  gate(
    'interrupted-block',
    'crash, interrupted container, lost event; the time of interruptions is over; redrive, discard',
    '-DLEAN -DSPOT -DBUDGET=1 -DBLOCK -DCRASH=1 -DKILL=1 -DLOST=1 -DOPS=1',
  ),
  gate(
    'interrupted-hang',
    'crash, interrupted container, hang, lost event: a container that was stopped reports an interruption',
    '-DLEAN -DSPOT -DCRASH=1 -DKILL=1 -DHANG=1 -DLOST=1',
  ),
  gate('slots', 'kill, lost event; 2 at a time', '-DLEAN -DSLOTS=2 -DKILL=1 -DLOST=1'),
  gate(
    'limit',
    'crash, kill, failing handler, redrive; 2 sequences under a limit of 1',
    '-DLEAN -DLIMIT -DSLOTS=2 -DNF=2 -DBLOCK -DCRASH=1 -DKILL=1 -DLOST=1 -DAPPF=1 -DOPS=1',
  ),
  gate('overwrite', 'crash, kill, lost event; two versions of one object', '-DLEAN -DKEYS -DCRASH=1 -DKILL=1 -DLOST=1'),
  gate('delete', 'crash; two versions and a delete after both', '-DLEAN -DKEYS -DDELSEQ=4 -DCRASH=1'),
  gate(
    'delete-paused',
    'crash, pause; two versions and a delete after both',
    '-DLEAN -DKEYS -DDELSEQ=4 -DPAUSE=1 -DCRASH=1',
  ),
  gate(
    'delete-operator',
    'crash, failing handler, redrive, discard; 2 versions and a delete between them',
    '-DLEAN -DNF=2 -DKEYS -DDELSEQ=2 -DBLOCK -DCRASH=1 -DAPPF=1 -DOPS=1',
  ),
  gate(
    'overwrite-limit',
    'kill, lost event; 2 versions in 2 sequences under a limit of 1',
    '-DLEAN -DNF=2 -DKEYS -DLIMIT -DSLOTS=2 -DKILL=1 -DLOST=1',
  ),
  gate(
    'limit-paused',
    'crash, kill, pause; 2 sequences under a limit of 1',
    '-DLEAN -DLIMIT -DSLOTS=2 -DNF=2 -DPAUSE=1 -DCRASH=1 -DKILL=1 -DLOST=1',
  ),
  gate('late-park', 'crash, kill, lost event; late files are parked', '-DLEAN -DLATE_PARK -DCRASH=1 -DKILL=1 -DLOST=1'),
  gate(
    'late-append',
    'crash, kill, lost event; late files go to the end',
    '-DLEAN -DLATE_APPEND -DCRASH=1 -DKILL=1 -DLOST=1',
  ),

  full(
    'messages-3',
    'crash, kill, lost event, duplicate, with queue, hints and acknowledgements',
    '-DCRASH=1 -DKILL=1 -DLOST=1 -DDUP=1',
  ),
  full('dispatchers-3', 'crash, kill, lost event; 3 dispatchers', '-DLEAN -DND=3 -DCRASH=1 -DKILL=1 -DLOST=1'),
  full(
    'refused-kill',
    'crash, kill, lost event, refused launch, unknown reply',
    '-DLEAN -DCRASH=1 -DKILL=1 -DLOST=1 -DCAP=1 -DUNK=1',
  ),
  full(
    'crash-2',
    '2 crashes, kill, lost event, unknown reply, forgotten token',
    '-DLEAN -DCRASH=2 -DKILL=1 -DLOST=1 -DUNK=1 -DTTL=1',
  ),
  full(
    'hang-kill',
    'crash, kill, lost event, hang, forgotten token',
    '-DLEAN -DCRASH=1 -DKILL=1 -DLOST=1 -DHANG=1 -DTTL=1',
  ),
  full(
    'hang-unknown',
    'crash, lost event, hang, forgotten token, unknown reply',
    '-DLEAN -DCRASH=1 -DLOST=1 -DHANG=1 -DTTL=1 -DUNK=1',
  ),
  full('park-kill', 'crash, 2 kills, lost event, failing handler', '-DLEAN -DCRASH=1 -DKILL=2 -DLOST=1 -DAPPF=1'),
  full('slots-crash', 'crash, kill, lost event; 2 at a time', '-DLEAN -DSLOTS=2 -DCRASH=1 -DKILL=1 -DLOST=1'),
  full(
    'limit-3',
    'kill, lost event; 3 files of 2 sequences under a limit of 1',
    '-DLEAN -DLIMIT -DSLOTS=2 -DKILL=1 -DLOST=1',
  ),
  full('slots-hang', 'kill, lost event, hang; 2 at a time', '-DLEAN -DSLOTS=2 -DKILL=1 -DLOST=1 -DHANG=1'),
  full(
    'overwrite-messages',
    'crash, kill, duplicate, with queue, hints and acknowledgements; two versions and a delete; 2 files',
    '-DNF=2 -DKEYS -DDELSEQ=4 -DCRASH=1 -DKILL=1 -DDUP=1',
  ),
  full(
    'delete-between',
    'crash, kill, lost event; a delete between two versions',
    '-DLEAN -DKEYS -DDELSEQ=2 -DCRASH=1 -DKILL=1 -DLOST=1',
  ),
  full(
    'delete-after',
    'crash, kill, lost event; a delete after two versions',
    '-DLEAN -DKEYS -DDELSEQ=4 -DCRASH=1 -DKILL=1 -DLOST=1',
  ),
  full(
    'late-hang',
    'crash, lost event, hang, forgotten token; late files are parked',
    '-DLEAN -DLATE_PARK -DCRASH=1 -DLOST=1 -DHANG=1 -DTTL=1',
  ),

  live('live-crash', 'crash', '-DCRASH=1'),
  live('live-kill', 'kill, lost event', '-DKILL=1 -DLOST=1'),
  live('live-2', 'crash, kill, lost event, duplicate; 2 files', '-DNF=2 -DCRASH=1 -DKILL=1 -DLOST=1 -DDUP=1'),
  live('live-hang', 'crash, lost event, hang, forgotten token; 2 files', '-DNF=2 -DCRASH=1 -DLOST=1 -DHANG=1 -DTTL=1'),
  live('live-pause', 'crash, lost event, pause; 2 files', '-DNF=2 -DPAUSE=1 -DCRASH=1 -DLOST=1'),
  live(
    'live-block',
    'crash, lost event, 2 failures, redrive; 2 files',
    '-DNF=2 -DBLOCK -DCRASH=1 -DLOST=1 -DAPPF=2 -DOPS=1',
  ),

  mutant('lease expiry releases', 'hang', '-DM_LEASE -DLEAN -DHANG=1', 'mutual exclusion'),
  mutant('no begin()', 'refused launch', '-DM_NOGATE -DLEAN -DCAP=1', 'mutual exclusion'),
  mutant(
    'evidence about the token, not the task',
    'kill, lost event, forgotten token',
    '-DM_ARN -DLEAN -DKILL=1 -DLOST=1 -DTTL=1',
    'mutual exclusion',
  ),
  mutant('STOPPED event without fence', 'kill', '-DM_RELEASE_EV -DKILL=1', 'mutual exclusion'),
  mutant('fresh token per launch, no begin()', 'none', '-DM_NEWTOKEN -DM_NOGATE -DLEAN', 'mutual exclusion'),
  mutant('fresh token per launch', 'none', '-DM_NEWTOKEN -DLEAN', 'bounded retries'),
  mutant('queue read from an index', 'none', '-DM_GSI -DLEAN', 'order'),
  mutant('no version check', '2 failures, redrive', '-DM_NOVER -DLEAN -DBLOCK -DAPPF=2 -DOPS=1', 'order'),
  mutant(
    'message deleted before the write',
    'crash; 2 files',
    '-DM_ACKFIRST -DNF=2 -DCRASH=1',
    'no lost file, no stuck sequence',
  ),
  mutant('no sweeper, crash', 'crash; 2 files', '-DM_NOSWEEP -DNF=2 -DCRASH=1', 'no lost file, no stuck sequence'),
  mutant(
    'no sweeper, lost event',
    'kill, lost event; 2 files',
    '-DM_NOSWEEP -DNF=2 -DKILL=1 -DLOST=1',
    'no lost file, no stuck sequence',
  ),
  mutant(
    'place freed without version check',
    '2 failures, redrive',
    '-DM_PLACE -DLEAN -DLIMIT -DSLOTS=2 -DNF=2 -DBLOCK -DAPPF=2 -DOPS=1',
    'mutual exclusion',
  ),
  mutant(
    'place taken over without version check',
    '2 failures, redrive',
    '-DM_TAKEOVER -DLEAN -DLIMIT -DSLOTS=2 -DNF=2 -DBLOCK -DAPPF=2 -DOPS=1',
    'mutual exclusion',
  ),
  mutant('key row without version, overwrite', 'none', '-DM_KEYRACE -DLEAN -DKEYS', 'latest version only'),
  mutant('key row without version, delete', 'none', '-DM_KEYRACE -DLEAN -DKEYS -DDELSEQ=4', 'deleted stays deleted'),
  mutant('no tombstone', 'none', '-DM_NOTOMB -DLEAN -DKEYS -DDELSEQ=4', 'deleted stays deleted'),
  mutant('late file, head not confirmed', 'none', '-DM_LATE -DLEAN -DLATE_PARK', 'nothing late'),
  mutant('late file, head confirmed but not moved on', 'none', '-DM_LATECHECK -DLEAN -DLATE_PARK', 'nothing late'),
  gate('no sweeper, no fault', 'none: hints suffice; 2 files', '-DM_NOSWEEP -DNF=2'),
];
