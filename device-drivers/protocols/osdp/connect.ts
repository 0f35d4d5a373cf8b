import { type RandomBytes, type Result, err, failure, ok, seconds } from '@hallhub/sync/base';
import type { Check } from './frames.ts';
import { type Conversation, transact } from './conversation.ts';
import { type Link, type LinkKey, createLink } from './link.ts';
import { NAK, type OsdpCommand, type OsdpReply, nakMeaning } from './messages.ts';

export type ReaderIdentity = Extract<OsdpReply, { readonly name: 'id' }>;
export type ReaderCapabilities = Extract<OsdpReply, { readonly name: 'capabilities' }>['capabilities'];

export interface Connection {
  readonly link: Link;
  readonly secured: 'no' | 'default-key' | 'own-key';
  /** The reader's own key, as it turned out to be. */
  readonly key?: Uint8Array;
  /** Absent for a reader that does not say. */
  readonly identity: ReaderIdentity | undefined;
  readonly capabilities: ReaderCapabilities;
}

/** How a link is begun: readers differ in what they answer first. */
export interface Opening {
  readonly first: 'id' | 'poll';
  readonly check: Check;
}

export interface ConnectOptions {
  readonly opening: Opening;
  readonly random: RandomBytes;
  /** Whether a reader that takes CRC is spoken to with CRC, however the link began. */
  readonly preferCrc: boolean;
  readonly secureChannel: 'off' | 'preferred' | 'required';
  /** In the order in which they are tried. */
  readonly keys: readonly LinkKey[];
  /** Goes to a reader that has only the default key. */
  readonly install: Uint8Array | undefined;
  /** Takes replies to what is asked on the way. */
  hear(reply: OsdpReply): void;
}

/** Function codes of PDCAP. */
export const CAPABILITY = {
  contacts: 1,
  outputs: 2,
  leds: 4,
  buzzer: 5,
  text: 6,
  check: 8,
  security: 9,
  receiveSize: 10,
} as const;

/** A silent reader is asked again for so long while the link is made. */
const PATIENCE = seconds(2);
const SCBK = 1;

/** The orders in which a link may begin; which one a reader likes shows when it answers. */
export function openings(check: Check | 'auto'): readonly Opening[] {
  const checks: readonly Check[] = check === 'auto' ? ['crc', 'checksum'] : [check];
  return (['id', 'poll'] as const).flatMap((first) => checks.map((each) => ({ first, check: each })));
}

/**
 * Begins a link: who is there, what it can do, the secure channel, how things stand. Errors: those of an exchange,
 * `E-OSDP-0101`, `E-OSDP-0102`, `E-OSDP-0103`; after `E-OSDP-0104` the reader has its own key and the link begins anew.
 */
export async function connect(conversation: Conversation, options: ConnectOptions): Promise<Result<Connection>> {
  const { opening, secureChannel } = options;
  const link = createLink({ address: conversation.address, check: opening.check, random: options.random });
  const ask = async (command: OsdpCommand, patience = PATIENCE): Promise<Result<OsdpReply>> => {
    const outcome = await transact(conversation, link, { command, patience });
    return outcome.kind === 'reply' ? ok(outcome.reply) : err(outcome.reason);
  };

  // Under number 0 a reader knows no repetition: what is asked first must not use anything up.
  const first = await ask(opening.first === 'id' ? { name: 'id', replyType: 0 } : { name: 'poll' }, seconds(0));
  if (!first.ok) return first;
  if (first.value.name === 'nak' && (first.value.reason === NAK.check || first.value.reason === NAK.length)) {
    return failure('E-DEV-0203', nakMeaning(first.value.reason));
  }
  if (opening.first === 'poll' && secureChannel !== 'required') options.hear(first.value);
  const identified = opening.first === 'id' ? first : await ask({ name: 'id', replyType: 0 });
  if (!identified.ok) return identified;
  const asked = await ask({ name: 'capabilities', replyType: 0 });
  if (!asked.ok) return asked;
  const capabilities = asked.value.name === 'capabilities' ? asked.value.capabilities : [];
  if (options.preferCrc && (supports(capabilities, CAPABILITY.check)?.compliance ?? 0) > 0) link.useCheck('crc');

  const secured = await secure(link, options, ask);
  if (!secured.ok) return secured;
  for (const command of statusQuestions(capabilities)) {
    const status = await ask(command);
    if (!status.ok) return status;
    // Not every reader knows every question.
    if (status.value.name !== 'nak') options.hear(status.value);
  }
  return ok({
    link,
    ...secured.value,
    identity: identified.value.name === 'id' ? identified.value : undefined,
    capabilities,
  });
}

async function secure(
  link: Link,
  { secureChannel, keys, install }: ConnectOptions,
  ask: (command: OsdpCommand) => Promise<Result<OsdpReply>>,
): Promise<Result<Pick<Connection, 'secured' | 'key'>>> {
  if (secureChannel === 'off') return ok({ secured: 'no' });
  let refusal = failure('E-OSDP-0102');
  for (const key of keys) {
    const shaken = await shakeHands(link, key, ask);
    if (shaken.ok) {
      if (!key.isDefault) return ok({ secured: 'own-key', key: key.key });
      return install ? installKey(install, ask) : ok({ secured: 'default-key' });
    }
    refusal = shaken;
    if (!shaken.error.code.startsWith('E-OSDP')) return shaken;
    if (shaken.error.code === 'E-OSDP-0101') break;
  }
  // Only a reader that has no secure channel at all may go without: a wrong key is a reason to refuse it.
  return secureChannel === 'preferred' && refusal.error.code === 'E-OSDP-0101' ? ok({ secured: 'no' }) : refusal;
}

async function shakeHands(
  link: Link,
  key: LinkKey,
  ask: (command: OsdpCommand) => Promise<Result<OsdpReply>>,
): Promise<ReturnType<typeof failure> | { readonly ok: true }> {
  const challenged = await ask(link.handshake.challenge(key));
  if (!challenged.ok) return challenged;
  const proof = link.handshake.prove(challenged.value);
  if (!proof.ok) return proof;
  const proved = await ask(proof.value);
  if (!proved.ok) return proved;
  const finished = link.handshake.finish(proved.value);
  return finished.ok ? { ok: true } : finished;
}

async function installKey(
  key: Uint8Array,
  ask: (command: OsdpCommand) => Promise<Result<OsdpReply>>,
): Promise<Result<Pick<Connection, 'secured' | 'key'>>> {
  const answer = await ask({ name: 'set-key', keyType: SCBK, key });
  if (!answer.ok) return answer;
  if (answer.value.name === 'nak') return failure('E-DEV-0203', nakMeaning(answer.value.reason));
  return failure('E-OSDP-0104', 'the key was installed, the link begins anew');
}

function statusQuestions(capabilities: ReaderCapabilities): readonly OsdpCommand[] {
  return [
    { name: 'local-status' },
    ...(supports(capabilities, CAPABILITY.contacts) ? [{ name: 'input-status' } as const] : []),
    ...(supports(capabilities, CAPABILITY.outputs) ? [{ name: 'output-status' } as const] : []),
  ];
}

/** The reader's entry for a function, unless it says that it has none of it. */
export function supports(capabilities: ReaderCapabilities, code: number): ReaderCapabilities[number] | undefined {
  return capabilities.find((entry) => entry.function === code && (entry.compliance > 0 || entry.items > 0));
}

/** The longest message that the reader takes; 0 where it does not say. */
export function receiveSize(capabilities: ReaderCapabilities): number {
  const entry = capabilities.find((candidate) => candidate.function === CAPABILITY.receiveSize);
  return entry ? entry.compliance | (entry.items << 8) : 0;
}
