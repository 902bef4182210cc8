/*
 * The dispatch protocol of TypedDispatcher, for SPIN 6.5.
 *
 * One sequence of NF files, ND dispatchers (Lambdas that run the same code at the same time), one ECS task for each claim.
 *
 * What is atomic: a block `atomic { guard -> update }` is one committed conditional write (or one transaction) together with the
 * read that its condition confirms. Between two blocks anything may happen: other dispatchers, containers, faults.
 *
 * What is not here: clocks. A timer, a lease or the sweeper may fire at any moment, so no result below rests on the time.
 *
 * Faults, each with a budget: CRASH a dispatcher dies between two calls · DUP a message is redelivered · KILL a container stops ·
 * LOST its STOPPED event is lost · CAP the launch is refused · CONF the launch can never succeed, an operator must act (with BLOCK) · UNK the reply to RunTask is lost · HANG a container sends no heartbeats and
 * may continue later · TTL ECS deletes a stopped task and its client token · APPF the handler fails.
 *
 * Files are numbered in the order of the sequence. Other switches:
 *   SLOTS=n      at most n files at a time (n heads); 1 is sequential
 *   BLOCK        exhausted retries block the sequence until an operator acts (default: the file is parked)
 *   OPS=n        redrives that the operator may do; discards are always possible
 *   REDO=n       completed files that the operator may have processed again
 *   LIMIT        one place over all slots: a claim takes it together with its slot, also from a file that no longer runs, and any process that detects such a file frees it
 *   PAUSE=n      pauses that the operator may make; resumes are always possible
 *   CANCEL=n     files that the operator may cancel while their task is started or running
 *   SPOT         a killed container counts as interrupted, which is no attempt of the file
 *   BUDGET=1     with SPOT: the time of interruptions may be over, and the file is blocked
 *   KEYS         files 0 and 1 are two versions of one object, 0 the older; only the latest is processed
 *   DELSEQ=n     with KEYS: the object is deleted too; n = 2 between the two versions, n = 4 after both
 *   LATE_PARK    a file that arrives after a greater one was claimed is parked
 *   LATE_APPEND  such a file is appended instead
 *   LEAN         no messages and no hints: the sweeper may fire at any moment anyway, and hints carry no data
 *
 * Every change of a status is written MOVE(file, event, from, to), behind its guard <event>_<from>_<to> of guards.pml, which is made
 * from the table in models/guards. test/runtime/dispatch/guard-table.test.ts holds these lines and decide() against that table.
 */
#include "guards.pml"
#ifndef NF
#define NF 3
#endif
#ifndef ND
#define ND 2
#endif
#ifndef SLOTS
#define SLOTS 1
#endif
#ifndef MAXATT
#define MAXATT 2
#endif
#ifndef CRASH
#define CRASH 0
#endif
#ifndef DUP
#define DUP 0
#endif
#ifndef KILL
#define KILL 0
#endif
#ifndef LOST
#define LOST 0
#endif
#ifndef CAP
#define CAP 0
#endif
#ifndef CONF
#define CONF 0
#endif
#ifndef UNK
#define UNK 0
#endif
#ifndef APPF
#define APPF 0
#endif
#ifndef HANG
#define HANG 0
#endif
#ifndef TTL
#define TTL 0
#endif
#ifndef OPS
#define OPS 0
#endif
#ifndef REDO
#define REDO 0
#endif
#ifndef PAUSE
#define PAUSE 0
#endif
#ifndef CANCEL
#define CANCEL 0
#endif
#ifndef BUDGET
#define BUDGET 0
#endif
#ifdef BLOCK
#define BLOCKS 1
#else
#define BLOCKS 0
#endif

/* Each claim and each retry makes a token. Only these faults cost one, so there are at most this many: the bound on retries. */
#define MAXTOKEN (NF + KILL + APPF + HANG + CAP + OPS + REDO)

/* status of a file */
#define ABSENT    0
#define QUEUED    1
#define STARTING  2
#define RUNNING   3
#define WAITING   4
#define BLOCKED   5
#define COMPLETED 6
#define PARKED    7
#define SKIPPED   8
#define HELD(x)     (x >= STARTING && x <= BLOCKED)
#define LIVE(x)     (x >= QUEUED && x <= BLOCKED)
#define TERMINAL(x) (x >= COMPLETED)

/* state of a task */
#define NONE    0
#define PENDING 1
#define WORKING 2
#define SILENT  3
#define STOPPED 4

/* ---- the store ---- */
byte st[NF];            /* status */
byte token[NF];         /* current claim; epoch and fence in one */
byte att[NF];           /* attempts that count */
byte slot[NF];          /* the head that it holds */
byte worker[NF];        /* the task that began, as ECS names it */
byte holder[SLOTS];     /* head: file + 1, or 0 when free */
byte ver[SLOTS];        /* head: version, grows with every claim and retry */
#ifdef LIMIT
byte place;             /* its holder: file + 1, or 0 when free */
byte placever;          /* grows with every claim of it */
#define KEEPS(x) (x >= STARTING && x <= WAITING)
#define AT_ONCE 1
#ifdef M_TAKEOVER
#define PLACE_HOLDS (place == ph)
#else
#define PLACE_HOLDS (place == ph && placever == pv)
#endif
#else
#define PLACE_HOLDS 1
#define AT_ONCE SLOTS
#endif
byte tokens;            /* tokens made so far */
#ifdef SPOT
bit stopRecorded[NF];   /* its task is requested to stop */
#endif
#if PAUSE > 0
bit paused;
#define PAUSED paused
#else
#define PAUSED 0
#endif
#if CANCEL > 0
bit canceled[NF];
byte b_cancel = CANCEL;
#define CANCELED(f) canceled[f]
#else
#define CANCELED(f) 0
#endif
#define SEQUENCER(f) (2*(f)+1)
#ifdef KEYS
byte keyver, keymax, tomb;
#endif
#ifdef LATE_PARK
#define PARKS_LATE 1
#else
#define PARKS_LATE 0
#endif
#ifdef LATE_APPEND
#define APPENDS_LATE 1
#else
#define APPENDS_LATE 0
#endif
#if defined(LATE_PARK) || defined(LATE_APPEND)
#define LATE
#endif
#ifdef LATE
byte pos[NF];           /* place in the order */
byte lastpos;           /* head: greatest place claimed, plus one */
byte appended;
#define POS(f) pos[f]
#else
#define POS(f) (f)
#endif

/* ---- ECS ---- */
byte task[MAXTOKEN+2];      /* state */
byte fileOf[MAXTOKEN+2];        /* its file */
byte incarnation[MAXTOKEN+2]; /* part of the task's name; grows only when ECS forgot the token */
bit stopping[MAXTOKEN+2];   /* StopTask was called */
byte stoppedEvent[MAXTOKEN+2]; /* STOPPED events on their way, a bit for each incarnation */
#ifdef M_NEWTOKEN
byte twinOf[MAXTOKEN+2];
#define TOKEN(c) (c == MAXTOKEN+1 -> twinOf[c] : c)
#else
#define TOKEN(c) c
#endif

/* ---- messages and hints ---- */
byte message[NF];
#ifdef DELSEQ
bit deleteMessage = 1;
#endif
bit hint;

/* ---- what is left of each fault ---- */
byte b_crash = CRASH, b_dup = DUP, b_kill = KILL, b_lost = LOST, b_cap = CAP, b_conf = CONF, b_unk = UNK, b_app = APPF, b_hang = HANG, b_ttl = TTL, b_ops = OPS;
#if REDO > 0
byte b_redo = REDO;
/* the new completion is the only one of its attempts */
#define REPROCESS(j) \
  :: atomic { reprocess_COMPLETED_QUEUED(j) && b_redo > 0 -> b_redo--; MOVE(j, reprocess, COMPLETED, QUEUED); att[j] = 0; done[j] = 0; HINT }
#else
#define REPROCESS(j)
#endif
#if PAUSE > 0
byte b_pause = PAUSE;
#endif

/* ---- what only the properties look at ---- */
byte working;           /* containers between begin() and their end */
byte done[NF];          /* successful completions */
#ifdef KEYS
bit seen[NF];           /* its registration was committed */
byte deletedUpTo;       /* its deletion was committed */
#endif

#if NF == 3
#define allTerminal (TERMINAL(st[0]) && TERMINAL(st[1]) && TERMINAL(st[2]))
#define heldCount   (HELD(st[0]) + HELD(st[1]) + HELD(st[2]))
#define anyQueued   (st[0] == QUEUED || st[1] == QUEUED || st[2] == QUEUED)
#else
#define allTerminal (TERMINAL(st[0]) && TERMINAL(st[1]))
#define heldCount   (HELD(st[0]) + HELD(st[1]))
#define anyQueued   (st[0] == QUEUED || st[1] == QUEUED)
#endif

#define MOVE(f, event, from, to) assert(st[f] == from); st[f] = to
#define RELEASE(f) holder[slot[f]] = 0; HINT
#define HELD_BOUND assert(heldCount <= SLOTS)
#ifdef LEAN
#define HINT skip
#else
#define HINT hint = 1
#endif

/* the dispatcher may stop here: its local state is lost, its message is redelivered */
#define MAY_CRASH if :: b_crash > 0 -> b_crash--; goto dead :: true fi

/* what an arrival knows of its object and of its sequence */
#ifndef KEYS
#define KNOWN_MAX  0
#define KNOWN_TOMB 0
#else
#ifdef M_KEYRACE
#define KNOWN_MAX  seenmax
#define KNOWN_TOMB seentomb
#else
#define KNOWN_MAX  keymax
#define KNOWN_TOMB tomb
#endif
#endif
#ifndef LATE
#define KNOWN_LAST 0
#else
#ifdef M_LATE
#define KNOWN_LAST seenmax
#else
#define KNOWN_LAST lastpos
#endif
#endif

/* evidence is about one task of a token */
#ifdef M_ARN
#define IS_WORKER(f, inc) true
#else
#define IS_WORKER(f, inc) worker[f] == inc
#endif

/* ------------------------------------------------------------------ transitions that more than one place takes */

inline arrive(f) {
  if
  :: arrive_ABSENT_SKIPPED(f) -> MOVE(f, arrive, ABSENT, SKIPPED)
  :: arrive_ABSENT_PARKED(f) -> MOVE(f, arrive, ABSENT, PARKED)
  :: arrive_ABSENT_QUEUED(f) ->
     MOVE(f, arrive, ABSENT, QUEUED);
#ifdef LATE_APPEND
     if :: KNOWN_LAST > pos[f] -> pos[f] = NF + appended; appended++ :: else fi;
#endif
#ifdef KEYS
     if :: f < 2 -> keymax = SEQUENCER(f) :: else fi;
     if :: f == 1 && st[0] == QUEUED -> MOVE(0, supersede, QUEUED, SKIPPED) :: else fi
#else
     skip
#endif
  fi;
#ifdef KEYS
  if :: f < 2 -> keyver++; seen[f] = 1 :: else fi
#else
  skip
#endif
}

/* a task that the dispatcher stopped and that reports an interruption has used up an attempt */
#ifdef SPOT
#define STOP_RECORDED(f) stopRecorded[f]
#define RECORD_STOP(f) stopRecorded[f] = 1
#define UNCOUNT(f) if :: stopRecorded[f] -> stopRecorded[f] = 0 :: else -> att[f]-- fi
#else
#define RECORD_STOP(f) skip
#endif

/* evidence about a task that has not begun */
#ifdef SPOT
#define UNBEGUN(f, tok) \
  :: interrupt_STARTING_WAITING(f, tok) -> MOVE(f, interrupt, STARTING, WAITING); att[f]-- \
  :: interrupt_STARTING_SKIPPED(f, tok) -> MOVE(f, interrupt, STARTING, SKIPPED); RELEASE(f)
#else
#define UNBEGUN(f, tok) \
  :: stopped_STARTING_WAITING(f, tok) -> MOVE(f, stopped, STARTING, WAITING) \
  :: stopped_STARTING_BLOCKED(f, tok) -> MOVE(f, stopped, STARTING, BLOCKED) \
  :: stopped_STARTING_PARKED(f, tok) -> MOVE(f, stopped, STARTING, PARKED); RELEASE(f) \
  :: stopped_STARTING_SKIPPED(f, tok) -> MOVE(f, stopped, STARTING, SKIPPED); RELEASE(f)
#endif

/* evidence that the attempt is over, from the task itself or from ECS. Once a task has begun only evidence about that task counts. */
inline stopped(f, tok, inc) {
  if
#ifdef SPOT
  :: interrupt_RUNNING_WAITING(f, tok, inc) -> MOVE(f, interrupt, RUNNING, WAITING); UNCOUNT(f)
  :: interrupt_RUNNING_BLOCKED(f, tok, inc) -> MOVE(f, interrupt, RUNNING, BLOCKED); UNCOUNT(f)
  :: interrupt_RUNNING_PARKED(f, tok, inc) -> MOVE(f, interrupt, RUNNING, PARKED); stopRecorded[f] = 0; RELEASE(f)
  :: interrupt_RUNNING_SKIPPED(f, tok, inc) -> MOVE(f, interrupt, RUNNING, SKIPPED); stopRecorded[f] = 0; RELEASE(f)
#else
  :: stopped_RUNNING_WAITING(f, tok, inc) -> MOVE(f, stopped, RUNNING, WAITING)
  :: stopped_RUNNING_BLOCKED(f, tok, inc) -> MOVE(f, stopped, RUNNING, BLOCKED)
  :: stopped_RUNNING_PARKED(f, tok, inc) -> MOVE(f, stopped, RUNNING, PARKED); RELEASE(f)
  :: stopped_RUNNING_SKIPPED(f, tok, inc) -> MOVE(f, stopped, RUNNING, SKIPPED); RELEASE(f)
#endif
  UNBEGUN(f, tok)
  :: else
  fi;
  HELD_BOUND
}

/* ------------------------------------------------------------------ dispatchers */

#ifdef M_ACKFIRST
#define ACK_FIRST(j) message[j]--; MAY_CRASH
#else
#define ACK_FIRST(j) skip
#endif

#ifdef LEAN
#define SEES(j) st[j] == ABSENT
#else
#define SEES(j) message[j] > 0
#endif

/* mutants: the transaction confirms the file only, so the decision stands on what was read before */
#ifdef M_KEYRACE
#define READ_VALUES seenmax = keymax; seentomb = tomb
#else
#ifdef M_LATE
#define READ_VALUES seenmax = lastpos
#else
#define READ_VALUES skip
#endif
#endif

#if defined(KEYS) || defined(LATE)
/* reads the rows that its transaction will be conditional on */
#ifdef KEYS
#define READ_VERSION seenver = keyver; READ_VALUES
#define VERSION_HOLDS (i >= 2 || keyver == seenver)
#else
#define READ_VERSION seenver = ver[0]; seenholder = holder[0]; READ_VALUES
#define VERSION_HOLDS (ver[0] == seenver && holder[0] == seenholder)
#endif
#ifdef LEAN
#define ARRIVAL(j) atomic { SEES(j) -> i = j; READ_VERSION }; goto register
#else
#define ARRIVAL(j) atomic { SEES(j) -> i = j; ACK_FIRST(j); READ_VERSION }; goto register
#endif
#else
#ifdef LEAN
#define ARRIVAL(j) atomic { SEES(j) -> i = j; arrive(i); i = NONE_TAKEN }
#else
#define ARRIVAL(j) atomic { SEES(j) -> i = j; ACK_FIRST(j); if :: st[i] == ABSENT -> arrive(i); HINT :: else fi; MAY_CRASH }; goto try
#endif
#endif
/* a dispatcher that read the queue before this file came must not claim another one now: its claim would make this one late */
#if defined(LATE) && !defined(M_LATE) && !defined(M_LATECHECK)
#define NEW_VERSION_IF_FREE if :: holder[0] == 0 -> ver[0]++ :: else fi
#else
#define NEW_VERSION_IF_FREE skip
#endif
#define NONE_TAKEN NF
#define HINT_TAKEN (NF+1)
#define DELETE_TAKEN (NF+2)

/* ECS answers DescribeTasks about the task that began: stopped, or deleted */
#define OVER(j) ((task[token[j]] == STOPPED && incarnation[token[j]] == worker[j]) || incarnation[token[j]] > worker[j])

#ifdef M_LEASE
#define LOOK_RUNNING(j) :: atomic { st[j] == RUNNING -> f = j; tok = token[j]; inc = worker[j] }; goto evidence
#else
#define LOOK_RUNNING(j) \
  :: atomic { st[j] == RUNNING && OVER(j) -> f = j; tok = token[j]; inc = worker[j] }; goto evidence \
  :: atomic { st[j] == RUNNING && task[token[j]] == SILENT && !stopping[token[j]] -> stopping[token[j]] = 1; RECORD_STOP(j) }
#endif
#if CANCEL > 0
/* a task of a canceled file is stopped; one that does not exist, or has stopped, cannot begin it any more */
#define LOOK_CANCELED(j) \
  :: atomic { (st[j] == STARTING || st[j] == RUNNING) && CANCELED(j) && task[token[j]] >= PENDING && task[token[j]] <= SILENT && !stopping[token[j]] -> stopping[token[j]] = 1 } \
  :: atomic { st[j] == STARTING && CANCELED(j) && (task[token[j]] == NONE || task[token[j]] == STOPPED) -> f = j; tok = token[j]; inc = incarnation[tok] }; goto evidence
#else
#define LOOK_CANCELED(j)
#endif
#ifdef M_NOSWEEP
#define SWEEP(j)
#else
#define SWEEP(j) \
  LOOK_CANCELED(j) \
  :: atomic { st[j] == STARTING && !CANCELED(j) && !PAUSED -> f = j; tok = token[j] }; goto launch \
  :: atomic { retry_WAITING_STARTING(j) && READ_retry_WAITING_STARTING -> f = j }; goto retry \
  LOOK_RUNNING(j)
#endif
#ifdef M_RELEASE_EV
/* mutant: a STOPPED event ends whatever attempt is current */
#define APPLY_STOPPED(c) if :: st[fileOf[c]] == STARTING || st[fileOf[c]] == RUNNING -> f = fileOf[c]; tok = token[f]; inc = worker[f]; stopped(f, tok, inc); tok = c :: else -> tok = c fi
#else
#define APPLY_STOPPED(c) f = fileOf[c]; tok = c; stopped(f, tok, inc)
#endif
#define STOPPED_EVENT(c) :: atomic { stoppedEvent[c] -> \
  if :: stoppedEvent[c] & 1 -> inc = 0 :: stoppedEvent[c] & 2 -> inc = 1 fi; APPLY_STOPPED(c); f = 0; MAY_CRASH } goto eventDone

proctype Dispatcher() {
  byte f, k, tok, inc, seenver, i, older;
#ifdef LATE
  byte seenholder;
#define FORGET_VERSION seenver = 0; seenholder = 0
#else
#define FORGET_VERSION seenver = 0
#endif
#if defined(M_KEYRACE) || defined(M_LATE)
  byte seenmax, seentomb;
#define FORGET seenmax = 0; seentomb = 0
#else
#define FORGET skip
#endif
#ifdef LIMIT
  byte pv, ph;
#define FORGET_PLACE pv = 0; ph = 0
#else
#define FORGET_PLACE skip
#endif
  byte refused; /* 1: for now, 2: for good */
#if SLOTS > 1
  byte s;
#define S s
#else
#define S 0
#endif
  i = NONE_TAKEN;

end_idle:
  do
  :: ARRIVAL(0)
  :: ARRIVAL(1)
#if NF > 2
  :: ARRIVAL(2)
#endif
#ifdef DELSEQ
  :: atomic { deleteMessage -> i = DELETE_TAKEN; READ_VERSION }; goto remove
#endif
  :: atomic { hint -> hint = 0; i = HINT_TAKEN }; goto try
#ifndef M_NOSWEEP
#ifdef LIMIT
#define PLACE_FREE (place == 0 || !KEEPS(st[place-1]))
#else
#define PLACE_FREE 1
#endif
  :: atomic { anyQueued && holder[0] == 0 && !PAUSED && PLACE_FREE -> skip }; goto try
#if SLOTS > 1
  :: atomic { anyQueued && holder[1] == 0 && !PAUSED && PLACE_FREE -> s = 1 }; goto try
#endif
#endif
#ifdef LIMIT
  :: atomic { place > 0 && !KEEPS(st[place-1]) -> pv = placever; ph = place }; goto freePlace
#endif
  SWEEP(0)
  SWEEP(1)
#if NF > 2
  SWEEP(2)
#endif
  STOPPED_EVENT(1)
  STOPPED_EVENT(2)
#if MAXTOKEN > 2
  STOPPED_EVENT(3)
#endif
#if MAXTOKEN > 3
  STOPPED_EVENT(4)
#endif
#if MAXTOKEN > 4
  STOPPED_EVENT(5)
#endif
#if MAXTOKEN > 5
  STOPPED_EVENT(6)
#endif
#if MAXTOKEN > 6
  STOPPED_EVENT(7)
#endif
#if MAXTOKEN > 7
  STOPPED_EVENT(8)
#endif
#if MAXTOKEN > 8
  STOPPED_EVENT(9)
#endif
  od;

#if defined(KEYS) || defined(LATE)
register: /* transaction: the file if it is absent, and the key (or the head) as it was read */
  atomic {
    if
    :: st[i] == ABSENT &&
#if defined(M_KEYRACE) || defined(M_LATE)
       true
#else
       VERSION_HOLDS
#endif
       -> arrive(i); NEW_VERSION_IF_FREE; HINT; FORGET_VERSION; FORGET; MAY_CRASH
    :: st[i] != ABSENT -> FORGET_VERSION; FORGET
    :: else -> FORGET_VERSION; FORGET; i = NONE_TAKEN; goto end_idle          /* conflict: the message is delivered again */
    fi
  }
#ifdef LEAN
  atomic { i = NONE_TAKEN; goto end_idle }
#else
  goto try;
#endif
#endif

#ifdef DELSEQ
remove: /* transaction: the tombstone, and the queued version of the object that it kills */
  atomic {
    if
    :: keyver == seenver ->
#ifndef M_NOTOMB
       tomb = DELSEQ;
#endif
       keyver++;
       if :: st[0] == QUEUED && SEQUENCER(0) < DELSEQ -> MOVE(0, remove, QUEUED, SKIPPED) :: else fi;
       if :: st[1] == QUEUED && SEQUENCER(1) < DELSEQ -> MOVE(1, remove, QUEUED, SKIPPED) :: else fi;
       deletedUpTo = DELSEQ; HINT; FORGET_VERSION; MAY_CRASH
    :: else -> FORGET_VERSION; i = NONE_TAKEN; goto end_idle
    fi
  }
#ifdef LEAN
  atomic { deleteMessage = 0; i = NONE_TAKEN; goto end_idle }
#else
  goto try;
#endif
#endif

#ifdef LIMIT
freePlace: /* the place as it was read, whose holder no longer runs */
  atomic {
    if
#ifdef M_PLACE
    :: place == ph -> place = 0
#else
    :: place == ph && placever == pv -> place = 0
#endif
    :: else
    fi;
    FORGET_PLACE; goto ack
  };
#endif

try: /* is the head free? then claim the first file of the queue */
  atomic {                                                       /* GetItem, strongly consistent */
#ifdef LIMIT
    if :: holder[S] == 0 -> inc = ver[S]; pv = placever; ph = place :: else -> goto ack fi
#else
    if :: holder[S] == 0 -> inc = ver[S] :: else -> goto ack fi
#endif
  };
  atomic {                                                       /* Query for the first, strongly consistent */
#ifdef LIMIT
    if :: ph > 0 -> if :: KEEPS(st[ph-1]) -> inc = 0; goto ack :: else fi                     /* the claim takes its place over */
       :: else
    fi;
#endif
    if :: READ_claim_QUEUED_STARTING -> skip :: else -> inc = 0; goto ack fi;               /* read beside the queue; a pause that comes later is too late */
    f = NF; k = 0;
    do
#ifdef LATE
    :: k < NF && st[k] == QUEUED && (f == NF || pos[k] < pos[f]) -> f = k; k++
    :: k < NF && !(st[k] == QUEUED && (f == NF || pos[k] < pos[f])) -> k++
#else
    :: k < NF && st[k] == QUEUED && f == NF -> f = k; k++
    :: k < NF && !(st[k] == QUEUED && f == NF) -> k++
#endif
#ifdef M_GSI
    :: k < NF && st[k] == QUEUED && f == NF -> k++               /* mutant: an index without a recent file */
#endif
    :: k == NF -> break
    od;
    older = 0; k = 0;                                            /* for the property: live files that come before it */
    do
    :: k < NF && f < NF && k != f && POS(k) < POS(f) && LIVE(st[k]) -> older = older | (1 << k); k++
    :: k < NF && f < NF && !(k != f && POS(k) < POS(f) && LIVE(st[k])) -> k++
    :: else -> break
    od; k = 0;
    if :: f == NF -> f = 0; inc = 0; goto ack :: else fi
  };
  atomic {                                                       /* transaction: head, file, queue entry */
    if
#ifdef M_NOVER
    :: claim_QUEUED_STARTING(f) ->
#else
    :: claim_QUEUED_STARTING(f) && ver[S] == inc && PLACE_HOLDS ->
#endif
       tokens++; assert(tokens <= MAXTOKEN);
       MOVE(f, claim, QUEUED, STARTING);
#ifdef LIMIT
       place = f + 1; placever++; FORGET_PLACE;
#endif
       holder[S] = f + 1; ver[S]++; slot[f] = S; token[f] = tokens; att[f]++; tok = tokens; fileOf[tok] = f;
#if SLOTS == 1
#ifdef M_NOVER /* weaker on purpose: only a file that was live at the read and still is counts as a violation */
       assert(!((older & 1) && LIVE(st[0])) && !((older & 2) && LIVE(st[1])));
#else
       assert(older == 0);                                       /* ORDER */
#endif
#endif
#ifdef KEYS
       assert(f != 0 || !seen[1]);                               /* LATEST: an overwritten version is never claimed */
       assert(f >= 2 || SEQUENCER(f) > deletedUpTo);             /* DELETED: nor one that was deleted before */
#endif
#ifdef LATE
       assert(lastpos <= pos[f]);                                /* LATE: nothing is claimed behind a greater one */
       lastpos = pos[f] + 1;
#endif
       older = 0; inc = 0; HELD_BOUND; MAY_CRASH; goto launch
    :: else -> older = 0; inc = 0; f = 0; goto ack
    fi
  };

launch: /* RunTask with the client token; ECS answers the same task to the same token while it keeps the token */
  atomic {
#ifdef M_NEWTOKEN
    if
    :: task[tok] == NONE -> task[tok] = PENDING
    :: task[tok] != NONE && task[MAXTOKEN+1] == NONE -> task[MAXTOKEN+1] = PENDING; fileOf[MAXTOKEN+1] = f; twinOf[MAXTOKEN+1] = tok
    :: else
    fi;
#else
    if
    :: task[tok] != NONE -> skip
    :: task[tok] == NONE -> task[tok] = PENDING
    :: task[tok] == NONE && b_unk > 0 -> b_unk--; task[tok] = PENDING; goto launchUnknown
    :: task[tok] == NONE && b_unk > 0 -> b_unk--; goto launchUnknown
    :: task[tok] == NONE && b_cap > 0 -> b_cap--; refused = 1
    :: task[tok] == NONE && b_conf > 0 -> b_conf--; refused = 2
    fi;
#endif
    MAY_CRASH;
    if
    :: refused
    :: !refused && task[tok] == STOPPED -> inc = incarnation[tok]  /* the answer names a task that has already stopped */
    :: else -> goto launchUnknown
    fi
  };
  atomic {
    if
    :: refused == 1 && refuse_STARTING_WAITING(f, tok) -> MOVE(f, refuse, STARTING, WAITING); att[f]--
    :: refused == 1 && refuse_STARTING_SKIPPED(f, tok) -> MOVE(f, refuse, STARTING, SKIPPED); RELEASE(f)
    :: refused == 2 && misconfigured_STARTING_BLOCKED(f, tok) -> MOVE(f, misconfigured, STARTING, BLOCKED); att[f]--
    :: refused == 2 && misconfigured_STARTING_SKIPPED(f, tok) -> MOVE(f, misconfigured, STARTING, SKIPPED); RELEASE(f)
#ifdef M_ARN
    :: !refused -> stopped(f, tok, inc)
#else
    :: !refused -> if UNBEGUN(f, tok) :: else fi
#endif
    :: else
    fi;
    refused = 0; f = 0; tok = 0; inc = 0; HELD_BOUND; goto ack
  };
launchUnknown:
  atomic { f = 0; tok = 0; inc = 0; goto ack };

retry: /* transaction: the file keeps its head, with a new version */
  atomic {
    if
    :: retry_WAITING_STARTING(f) ->
       tokens++; assert(tokens <= MAXTOKEN);                     /* BOUNDED */
       MOVE(f, retry, WAITING, STARTING);
       token[f] = tokens; att[f]++; ver[slot[f]]++; tok = tokens; fileOf[tok] = f; HELD_BOUND; MAY_CRASH; goto launch
    :: else -> f = 0; goto ack
    fi
  };

evidence: /* DescribeTasks said that the task which began is over */
  atomic { stopped(f, tok, inc); f = 0; tok = 0; inc = 0; goto ack };

eventDone:
  atomic {
    if
    :: stoppedEvent[tok] = stoppedEvent[tok] & (inc == 0 -> 2 : 1)
    :: b_dup > 0 -> b_dup--
    fi;
    tok = 0; inc = 0; goto dead
  };

ack:
  atomic {
#ifndef M_ACKFIRST
    if
    :: i < NF -> if :: message[i] > 0 -> message[i]-- :: b_dup > 0 -> b_dup-- :: message[i] == 0 fi
#ifdef DELSEQ
    :: i == DELETE_TAKEN -> deleteMessage = 0
#endif
    :: else
    fi;
#endif
    i = NONE_TAKEN
  };
dead:
  atomic {
    if :: i == HINT_TAKEN -> HINT :: else fi;
#if SLOTS > 1
    s = 0;
#endif
    f = 0; k = 0; tok = 0; inc = 0; FORGET_VERSION; FORGET_PLACE; older = 0; refused = 0; i = NONE_TAKEN; goto end_idle
  }
}

/* ------------------------------------------------------------------ containers, one process for each token */

#ifdef M_ARN
#define ABOUT_IT(c) true
#else
#define ABOUT_IT(c) worker[fileOf[c]] == incarnation[c]
#endif
/* sent only when it can still match: the status of a file and its token never recur */
#define SEND_STOPPED(c) \
  if \
  :: token[fileOf[c]] == TOKEN(c) && (st[fileOf[c]] == STARTING || (st[fileOf[c]] == RUNNING && ABOUT_IT(c))) -> \
     if :: stoppedEvent[c] = stoppedEvent[c] | (incarnation[c] == 0 -> 1 : 2) :: b_lost > 0 -> b_lost-- fi \
  :: else \
  fi
#define LEAVES(c) if :: task[c] == WORKING || task[c] == SILENT -> working-- :: else fi; task[c] = STOPPED

proctype Task(byte c) {
end_task:
  do
  :: atomic { task[c] == PENDING ->                              /* begin() */
       if
       :: begin_STARTING_RUNNING(fileOf[c], TOKEN(c)) ->
          MOVE(fileOf[c], begin, STARTING, RUNNING); worker[fileOf[c]] = incarnation[c]; task[c] = WORKING; working++;
          assert(working <= AT_ONCE);                            /* MUTUAL EXCLUSION */
          assert(done[fileOf[c]] == 0)                               /* never again after it was completed */
       :: else ->
#ifdef M_NOGATE
          task[c] = WORKING; working++; assert(working <= SLOTS)
#else
          task[c] = STOPPED
#endif
       fi }
  :: atomic { task[c] == WORKING -> LEAVES(c);                   /* complete() */
       if
       :: complete_RUNNING_COMPLETED(fileOf[c], TOKEN(c), incarnation[c]) -> MOVE(fileOf[c], complete, RUNNING, COMPLETED); done[fileOf[c]]++; assert(done[fileOf[c]] == 1); RELEASE(fileOf[c])
       :: else
       fi; HELD_BOUND }
#ifdef KEYS
  :: atomic { task[c] == WORKING && fileOf[c] < 2 -> LEAVES(c);      /* skip(): the object is gone */
       if
       :: skip_RUNNING_SKIPPED(fileOf[c], TOKEN(c), incarnation[c]) -> MOVE(fileOf[c], skip, RUNNING, SKIPPED); RELEASE(fileOf[c])
       :: else
       fi; HELD_BOUND }
#endif
  :: atomic { task[c] == WORKING && b_app > 0 -> b_app--; LEAVES(c); /* fail() */
       if
       :: fail_RUNNING_WAITING(fileOf[c], TOKEN(c), incarnation[c]) -> MOVE(fileOf[c], fail, RUNNING, WAITING)
       :: fail_RUNNING_BLOCKED(fileOf[c], TOKEN(c), incarnation[c]) -> MOVE(fileOf[c], fail, RUNNING, BLOCKED)
       :: fail_RUNNING_PARKED(fileOf[c], TOKEN(c), incarnation[c]) -> MOVE(fileOf[c], fail, RUNNING, PARKED); RELEASE(fileOf[c])
       :: fail_RUNNING_SKIPPED(fileOf[c], TOKEN(c), incarnation[c]) -> MOVE(fileOf[c], fail, RUNNING, SKIPPED); RELEASE(fileOf[c])
       :: else
       fi; HELD_BOUND }
  :: atomic { task[c] == WORKING && b_hang > 0 -> b_hang--; task[c] = SILENT }
  :: atomic { task[c] == SILENT && !stopping[c] -> task[c] = WORKING }
  :: atomic { (task[c] == PENDING || task[c] == WORKING || task[c] == SILENT) && b_kill > 0 -> b_kill--; LEAVES(c); SEND_STOPPED(c) }
  :: atomic { (task[c] == PENDING || task[c] == WORKING || task[c] == SILENT) && stopping[c] -> LEAVES(c); SEND_STOPPED(c) }
  :: atomic { task[c] == STOPPED && b_ttl > 0 -> b_ttl--; stopping[c] = 0; task[c] = NONE; incarnation[c]++ }
  od
}

/* ------------------------------------------------------------------ operator */

#ifdef BLOCK
#define OPERATE(j) \
  :: atomic { redrive_BLOCKED_QUEUED(j) && b_ops > 0 -> b_ops--; MOVE(j, redrive, BLOCKED, QUEUED); att[j] = 0; RELEASE(j); HELD_BOUND } \
  :: atomic { discard_BLOCKED_SKIPPED(j) -> MOVE(j, discard, BLOCKED, SKIPPED); RELEASE(j); HELD_BOUND }
#else
#define OPERATE(j) \
  :: atomic { redrive_PARKED_QUEUED(j) && b_ops > 0 -> b_ops--; MOVE(j, redrive, PARKED, QUEUED); att[j] = 0; HINT } \
  :: atomic { discard_PARKED_SKIPPED(j) && b_ops > 0 -> b_ops--; MOVE(j, discard, PARKED, SKIPPED) } \
  :: atomic { discard_QUEUED_SKIPPED(j) && b_ops > 0 -> b_ops--; MOVE(j, discard, QUEUED, SKIPPED) } \
  :: atomic { discard_WAITING_SKIPPED(j) && b_ops > 0 -> b_ops--; MOVE(j, discard, WAITING, SKIPPED); RELEASE(j) }
#endif

#if defined(BLOCK) || OPS > 0 || REDO > 0 || PAUSE > 0 || CANCEL > 0
proctype Operator() {
end_operator:
  do
  OPERATE(0)
  OPERATE(1)
  REPROCESS(0)
  REPROCESS(1)
#if NF > 2
  OPERATE(2)
  REPROCESS(2)
#endif
#if CANCEL > 0
  :: atomic { (st[0] == STARTING || st[0] == RUNNING) && b_cancel > 0 && !canceled[0] -> b_cancel--; canceled[0] = 1 }
  :: atomic { (st[1] == STARTING || st[1] == RUNNING) && b_cancel > 0 && !canceled[1] -> b_cancel--; canceled[1] = 1 }
#endif
#if PAUSE > 0
  :: atomic { !paused && b_pause > 0 -> b_pause--; paused = 1 }
  :: atomic { paused -> paused = 0; HINT }
#endif
  od
}
#endif

/* nothing can move any more: then every file is terminal, or one was lost or a sequence is stuck */
proctype Watch() { end_watch: timeout -> assert(allTerminal) }

init {
  byte j;
  atomic {
#ifndef LEAN
    j = 0; do :: j < NF -> message[j] = 1; j++ :: else -> break od;
#endif
#ifdef LATE
    j = 0; do :: j < NF -> pos[j] = j; j++ :: else -> break od;
#endif
    j = 1; do :: j <= MAXTOKEN -> run Task(j); j++ :: else -> break od;
#ifdef M_NEWTOKEN
    run Task(MAXTOKEN+1);
#endif
    j = 0; do :: j < ND -> run Dispatcher(); j++ :: else -> break od;
    run Watch();
#if defined(BLOCK) || OPS > 0 || REDO > 0 || PAUSE > 0 || CANCEL > 0
    run Operator();
#endif
    j = 0
  }
}

ltl live { <> [] allTerminal }
