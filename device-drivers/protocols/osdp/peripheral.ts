import {
  type Cancel,
  type DurationMs,
  type Failure,
  type MonoMs,
  type Result,
  err,
  failure,
  ms,
  ok,
  seconds,
  sleep,
} from '@hallhub/sync/base';
import { type DriverEnvironment, type Veto, createEmitter, interrupted, neverSent } from '../../kit/index.ts';
import type { OsdpBus } from './bus.ts';
import { type Connection, connect, openings, receiveSize } from './connect.ts';
import { type Conversation, type Outcome, transact } from './conversation.ts';
import type { FileOutcome } from './file-transfer.ts';
import type { Check } from './frames.ts';
import type { Link, LinkKey } from './link.ts';
import { type OsdpCommand, type OsdpReply, nakMeaning } from './messages.ts';
import { DEFAULT_KEY } from './secure-channel.ts';
import { type FileOrder, createFileTransfers } from './transfers.ts';

export interface PeripheralOptions extends Pick<DriverEnvironment, 'clock' | 'random' | 'log'> {
  readonly bus: OsdpBus;
  readonly address: number;
  /** `auto`: CRC, and the checksum for a reader that refuses CRC. */
  readonly check: Check | 'auto';
  readonly secureChannel: 'off' | 'preferred' | 'required';
  /** The reader's own key, 16 bytes. */
  readonly key?: Uint8Array;
  /** Whether a reader with the default key is accepted; it is given `key`, where there is one. */
  readonly installMode: boolean;
  readonly pollEvery: DurationMs;
  /** A reader that is silent for so long is offline; the standard says 8 s. */
  readonly offlineAfter: DurationMs;
}

export type PeripheralState =
  | { readonly phase: 'connecting' }
  | { readonly phase: 'online'; readonly connection: Connection }
  | { readonly phase: 'offline'; readonly reason: Failure }
  | { readonly phase: 'stopped' };

/** What a reader said, and when the last byte of it came. */
export interface Heard {
  readonly reply: OsdpReply;
  readonly at: MonoMs;
}

export interface SendOptions {
  /** Asked in the moment before the bytes leave, and again before they leave once more. */
  readonly veto?: Veto;
}

/** One reader on a bus, and the link to it: kept for ever, made anew whenever it breaks. */
export interface Peripheral {
  readonly state: PeripheralState;
  start(): void;
  stop(): Promise<void>;
  /**
   * The reader's answer, which is never a NAK. While the link is being made the command waits for it. It reaches the reader
   * at most once. Errors: `E-DEV-0102` offline, `E-DEV-0203` refused, `E-DEV-0202` and `E-DEV-0206` unanswered: whether it
   * was carried out, nobody can say; or what the veto says.
   */
  send(command: OsdpCommand, options?: SendOptions): Promise<Result<OsdpReply>>;
  /** Sends a file; goes on over every reconnect. Errors: `E-OSDP-0301` to `E-OSDP-0306`, `E-DEV-0102`, `E-DEV-0203`. */
  sendFile(order: FileOrder): Promise<Result<FileOutcome>>;
  /**
   * Gives the reader a key of its own over the secure link and begins anew with it. Until the reader has shown that it has
   * the new key, the old one is tried as well. Errors: those of {@link send}, `E-OSDP-0105` on a link without security.
   */
  setKey(key: Uint8Array): Promise<Result<void>>;
  /** Makes the link anew as soon as nothing is under way: the reader may have become another. */
  reconnect(): void;
  onHeard(listener: (heard: Heard) => void): Cancel;
  onState(listener: (state: PeripheralState) => void): Cancel;
}

interface Job {
  readonly command: OsdpCommand;
  readonly veto: Veto | undefined;
  readonly resolve: (result: Result<OsdpReply>) => void;
  /** The link cannot stay as it is after this command. */
  readonly endsLink: boolean;
}

/** Why a link ended. */
type Ending = { readonly why: 'anew' } | { readonly why: 'broken' | 'silent'; readonly reason: Failure };

const WHEN_OFFLINE = seconds(2);
/** A reader that lost its keys while the link was made gets a moment. */
const AFTER_BREAK = ms(250);
const AFTER_BUG = seconds(5);
/** A link that did not last so long is not made anew at once. */
const SHORT_LIFE = seconds(1);
const SCBK = 1;

export function createPeripheral(options: PeripheralOptions): Peripheral {
  const { bus, clock, log, address } = options;
  const onListenerError = (error: unknown): void => {
    log.error({ address, error }, 'a listener of the reader failed');
  };
  const heard = createEmitter<Heard>(onListenerError);
  const stateChanged = createEmitter<PeripheralState>(onListenerError);
  const files = createFileTransfers({ clock });
  const orders = openings(options.check);

  let state: PeripheralState = { phase: 'stopped' };
  let keys: readonly Uint8Array[] = options.key ? [options.key] : [];
  let queue: Job[] = [];
  let life: AbortController | undefined;
  let leave: (() => Promise<void>) | undefined;
  let interrupt: (() => void) | undefined;
  /** Which opening is tried next: the last one that worked, else one after the other. */
  let opening = 0;
  /** Links in a row that could not be made. */
  let failures = 0;
  let isToReconnect = false;

  const setState = (next: PeripheralState): void => {
    state = next;
    stateChanged.emit(next);
  };
  const hear = (reply: OsdpReply, at: MonoMs): void => {
    heard.emit({ reply, at });
  };
  const failAll = (reason: Failure): void => {
    const failed = queue;
    queue = [];
    for (const job of failed) job.resolve(err(reason));
  };
  const goOffline = (reason: Failure): void => {
    setState({ phase: 'offline', reason });
    failAll({ code: 'E-DEV-0102', detail: `reader ${address} is offline` });
  };
  /** Until `duration` is over, or somebody wants something. */
  const nap = (duration: DurationMs, signal: AbortSignal): Promise<void> =>
    signal.aborted
      ? Promise.resolve()
      : new Promise((resolve) => {
          const done = (): void => {
            cancel();
            interrupt = undefined;
            resolve();
          };
          const cancel = clock.after(duration, done);
          interrupt = done;
        });

  const linkKeys = (): readonly LinkKey[] => [
    ...keys.map((key) => ({ key, isDefault: false })),
    ...(options.installMode ? [{ key: DEFAULT_KEY, isDefault: true }] : []),
  ];
  const open = (conversation: Conversation): Promise<Result<Connection>> =>
    connect(conversation, {
      opening: orders[opening % orders.length] ?? { first: 'id', check: 'crc' },
      random: options.random,
      preferCrc: options.check === 'auto',
      secureChannel: options.secureChannel,
      keys: linkKeys(),
      install: keys[0],
      hear: (reply) => {
        hear(reply, clock.monotonic());
      },
    });

  const ending = (outcome: Outcome): Ending | undefined => {
    if (outcome.kind !== 'lost') return undefined;
    const isSilence = outcome.reason.code === 'E-DEV-0202' || outcome.reason.code === 'E-DEV-0204';
    return { why: isSilence ? 'silent' : 'broken', reason: outcome.reason };
  };
  const serveJob = async (conversation: Conversation, link: Link, job: Job): Promise<Ending | undefined> => {
    const { command, veto } = job;
    const patience = options.offlineAfter;
    const outcome = await transact(conversation, link, { command, patience, urgent: true, ...(veto ? { veto } : {}) });
    switch (outcome.kind) {
      case 'vetoed':
        job.resolve(err(outcome.reason));
        return undefined;
      case 'reply':
        if (outcome.reply.name === 'nak') {
          job.resolve(failure('E-DEV-0203', nakMeaning(outcome.reply.reason)));
          return undefined;
        }
        hear(outcome.reply, outcome.at);
        job.resolve(ok(outcome.reply));
        return job.endsLink ? { why: 'anew' } : undefined;
      case 'lost':
        // A refusal of the very first try: the reader has certainly not carried it out, and may be asked on a new link.
        if (!outcome.mayBeDone && outcome.reason.code === 'E-OSDP-0103') queue.unshift(job);
        else job.resolve(err(unanswered(outcome.reason, outcome.mayBeDone)));
        // What nobody took may wait in a stalled connection; without keys of a new session it would still count later.
        if (outcome.mayBeDone && !link.isSecure) bus.cycle(outcome.reason);
        return ending(outcome);
    }
  };
  const poll = async (conversation: Conversation, link: Link): Promise<Ending | undefined> => {
    const outcome = await transact(conversation, link, { command: { name: 'poll' }, patience: options.offlineAfter });
    if (outcome.kind === 'reply') hear(outcome.reply, outcome.at);
    return ending(outcome);
  };
  const sendFragment = async (conversation: Conversation, link: Link): Promise<Ending | undefined> => {
    const command = files.fragment(link.isSecure);
    const outcome = await transact(conversation, link, { command, patience: options.offlineAfter });
    if (outcome.kind === 'reply') files.take(outcome.reply);
    return ending(outcome);
  };
  const abortFile = async (conversation: Conversation, link: Link): Promise<Ending | undefined> => {
    const outcome = await transact(conversation, link, { command: { name: 'abort' }, patience: options.offlineAfter });
    files.fail({ code: 'E-OSDP-0304' });
    return ending(outcome);
  };

  /** Orders first, then what is due. */
  const serve = async (conversation: Conversation, link: Link): Promise<Ending> => {
    let pollAt = clock.monotonic();
    for (;;) {
      if (conversation.signal.aborted) return { why: 'broken', reason: { code: 'E-DEV-0102' } };
      if (isToReconnect && queue.length === 0) {
        isToReconnect = false;
        return { why: 'anew' };
      }
      const now = clock.monotonic();
      const wants = files.wants(now);
      const isPollDue = wants.next === 'poll' || (wants.allowsPolls && now >= pollAt);
      const job = queue.shift();
      let ended: Ending | undefined;
      if (job) ended = await serveJob(conversation, link, job);
      else if (wants.next === 'abort') ended = await abortFile(conversation, link);
      else if (isPollDue) {
        ended = await poll(conversation, link);
        files.polled();
        pollAt = (clock.monotonic() + options.pollEvery) as MonoMs;
      } else if (wants.next === 'fragment') ended = await sendFragment(conversation, link);
      else {
        const due = Math.min(
          wants.allowsPolls ? pollAt : Number.POSITIVE_INFINITY,
          files.dueAt ?? Number.POSITIVE_INFINITY,
        );
        await nap(ms(due - now), conversation.signal);
      }
      if (ended) return ended;
    }
  };

  /** One try to make the link, and what comes of it. */
  const live = async (conversation: Conversation): Promise<void> => {
    const { signal } = conversation;
    const isOver = (): boolean => signal.aborted;
    const connected = await open(conversation);
    if (isOver()) return;
    if (!connected.ok) {
      if (connected.error.code === 'E-OSDP-0104') return;
      failures += 1;
      // A reader that answers will not be another for a different beginning.
      const isAnswering = connected.error.code.startsWith('E-OSDP');
      const isRefused = isAnswering && connected.error.code !== 'E-OSDP-0103';
      if (!isAnswering) opening += 1;
      if (isRefused || failures >= orders.length) goOffline(connected.error);
      await nap(state.phase === 'offline' ? WHEN_OFFLINE : isAnswering ? AFTER_BREAK : ms(0), signal);
      return;
    }
    failures = 0;
    const since = clock.monotonic();
    if (connected.value.key) keys = [connected.value.key];
    setState({ phase: 'online', connection: connected.value });
    files.takeUp();
    const ended = await serve(conversation, connected.value.link);
    if (isOver()) return;
    if (ended.why === 'silent') goOffline(ended.reason);
    else setState({ phase: 'connecting' });
    if (ended.why !== 'anew' && clock.monotonic() - since < SHORT_LIFE) await nap(SHORT_LIFE, signal);
  };
  const run = async (signal: AbortSignal): Promise<void> => {
    const conversation: Conversation = { address, bus, clock, signal };
    while (!signal.aborted) {
      try {
        await live(conversation);
      } catch (error) {
        log.error({ address, error }, 'the driver of the reader failed');
        goOffline({ code: 'E-DEV-0303' });
        await sleep(clock, AFTER_BUG, signal);
      }
    }
  };
  const endLife = (reason: Failure): void => {
    life?.abort();
    life = undefined;
    interrupt?.();
    failAll(neverSent(reason));
  };
  const enqueue = (command: OsdpCommand, { veto }: SendOptions, endsLink: boolean): Promise<Result<OsdpReply>> => {
    if (!life || state.phase === 'offline' || state.phase === 'stopped') {
      return Promise.resolve(failure('E-DEV-0102', `reader ${address} is offline`));
    }
    return new Promise((resolve) => {
      queue.push({ command, veto, resolve, endsLink });
      interrupt?.();
    });
  };

  return {
    get state() {
      return state;
    },
    start: () => {
      leave ??= bus.join({
        onUp: () => {
          life = new AbortController();
          setState({ phase: 'connecting' });
          void run(life.signal);
        },
        onDown: (reason) => {
          endLife(reason);
          setState({ phase: 'offline', reason });
        },
      });
    },
    stop: async () => {
      const reason: Failure = { code: 'E-DEV-0102', detail: 'stopped' };
      endLife(reason);
      files.fail(reason);
      const left = leave?.();
      leave = undefined;
      await left;
      setState({ phase: 'stopped' });
    },
    send: (command, sendOptions = {}) => enqueue(command, sendOptions, false),
    sendFile: (order) => {
      if (state.phase !== 'online') return Promise.resolve(failure('E-DEV-0102', `reader ${address} is offline`));
      const sent = files.begin(order, receiveSize(state.connection.capabilities));
      interrupt?.();
      const cancelled = (): void => {
        if (state.phase === 'online') interrupt?.();
        else files.fail({ code: 'E-OSDP-0304' });
      };
      order.signal?.addEventListener('abort', cancelled, { once: true });
      return sent;
    },
    setKey: async (key) => {
      if (state.phase !== 'online' || !state.connection.link.isSecure) return failure('E-OSDP-0105');
      const before = keys;
      keys = [key, ...keys];
      const answer = await enqueue({ name: 'set-key', keyType: SCBK, key }, {}, true);
      if (!answer.ok && answer.error.code === 'E-DEV-0203') keys = before;
      return answer.ok ? ok() : err(answer.error);
    },
    reconnect: () => {
      isToReconnect = true;
      interrupt?.();
    },
    onHeard: heard.on,
    onState: stateChanged.on,
  };
}

function unanswered(reason: Failure, mayBeDone: boolean): Failure {
  // A second try that did not leave says nothing of the first.
  if (mayBeDone && (reason.code === 'E-DEV-0102' || reason.code === 'E-DEV-0205')) return interrupted(reason);
  if (mayBeDone && reason.code === 'E-DEV-0201') return { code: 'E-DEV-0202', detail: 'unanswered until it expired' };
  return reason.code === 'E-OSDP-0103' ? { code: 'E-DEV-0202', detail: reason.detail ?? 'link lost' } : reason;
}
