import { type DurationMs, type Result, err, ms, ok } from '@hallhub/sync/base';
import type { Framer } from '../../kit/index.ts';
import { decodeCardData, decodeCardText } from './card-text.ts';
import { type CommandSet, type ReplyFrame, createReplyFramer, encodeCommand } from './frames.ts';
import { statusMeaning } from './meaning.ts';
import type { ReadCard, Step } from './reader-machine.ts';
import {
  LONGEST_STX_REPLY,
  type StxReply,
  createStxReplyFramer,
  decodeNumber,
  encodeReadRequest,
  hasNone,
  hasNumber,
} from './stx-frames.ts';

interface Shown {
  readonly bytes: Uint8Array;
  readonly meaning: string;
}

/** What an answer means to the reader's state machine. */
type Understood =
  { readonly type: 'answer'; readonly sw3: number } | { readonly type: 'card'; readonly card: Result<ReadCard> };

type Timeouts = Readonly<Record<Step, DurationMs>>;

/** How one kind of reader is asked, and what its answers mean. */
export interface Dialect<Frame extends object> {
  readonly requests: Readonly<Record<Step, Shown>>;
  /** In bytes: what a slow line needs its time for. */
  readonly longestReply: number;
  readonly createFramer: () => Framer<Frame>;
  /** How long each request may take; `transfer` is what the longest reply takes on the line. */
  timeouts(steps: Timeouts, transfer: DurationMs): Timeouts;
  /** Whether a reply can answer the step at all; a late one of another step cannot. */
  answers(step: Step, frame: Frame): boolean;
  /** For the operator's eyes, without the holder's data. */
  readonly describe: (frame: Frame) => Shown;
  understand(step: Step, frame: Frame): Understood;
}

/** The two lengths in front of the holder's data; nothing behind them is for an operator's eyes. */
const LENGTHS_BYTES = 4;
const LONGEST_SAM_REPLY = 1_295;
const CARD_DATA_BYTES = 256;
const OK = 0x90;
const NOBODY_THERE = 0x80;

/** The SAM_V protocol: find, select, read. */
export function samDialect(set: CommandSet): Dialect<ReplyFrame> {
  return {
    requests: {
      find: { bytes: encodeCommand({ command: 'find' }, set), meaning: 'find card' },
      select: { bytes: encodeCommand({ command: 'select' }, set), meaning: 'select card' },
      read: { bytes: encodeCommand({ command: 'read', fingerprints: false }, set), meaning: 'read card' },
    },
    longestReply: LONGEST_SAM_REPLY,
    createFramer: createReplyFramer,
    timeouts: (steps, transfer) => ({ ...steps, read: ms(steps.read + transfer) }),
    answers: (step, { sw3, data }) => {
      if (step === 'find') return sw3 !== OK;
      const hasCard = sw3 === OK && data.length >= CARD_DATA_BYTES;
      return sw3 !== 0x9f && (step === 'read' ? sw3 !== OK || hasCard : !hasCard);
    },
    describe: (reply) => {
      if (reply.data.length < CARD_DATA_BYTES) return { bytes: reply.bytes, meaning: statusMeaning(reply.sw3) };
      return {
        bytes: reply.bytes.slice(0, reply.data.byteOffset - reply.bytes.byteOffset + LENGTHS_BYTES),
        meaning: `card data, ${reply.bytes.length} bytes, contents withheld`,
      };
    },
    understand: (step, { sw3, data }) => {
      if (step !== 'read' || sw3 !== OK) return { type: 'answer', sw3 };
      const taken = decodeCardData(data, false);
      const card = taken.ok ? decodeCardText(taken.value.text) : taken;
      return { type: 'card', card: card.ok ? ok({ type: 'resident-id', card: card.value }) : err(card.error) };
    },
  };
}

const NUMBER_REQUEST: Shown = { bytes: encodeReadRequest('number'), meaning: 'read the number of a card' };

/**
 * An all-in-one terminal that is asked for the number alone. It finds, selects and reads by itself, so the step `find` is the
 * only one there is, and its answer is the card. What tells 00F1 to 00F4 apart is published nowhere: none of them is a card.
 */
export const stxDialect: Dialect<StxReply> = {
  requests: { find: NUMBER_REQUEST, select: NUMBER_REQUEST, read: NUMBER_REQUEST },
  longestReply: LONGEST_STX_REPLY,
  createFramer: createStxReplyFramer,
  timeouts: (steps, transfer) => {
    const all = ms(steps.find + steps.select + steps.read + transfer);
    return { find: all, select: all, read: all };
  },
  answers: (_step, reply) => hasNumber(reply) || hasNone(reply),
  describe: (reply) => {
    const status = reply.status.toString(16).padStart(4, '0').toUpperCase();
    if (reply.data.length === 0) return { bytes: reply.bytes, meaning: `status ${status}` };
    return {
      bytes: reply.bytes.slice(0, reply.data.byteOffset - reply.bytes.byteOffset),
      meaning: `status ${status}, number withheld`,
    };
  },
  understand: (_step, reply) => {
    if (!hasNumber(reply)) return { type: 'answer', sw3: NOBODY_THERE };
    const number = decodeNumber(reply.data);
    return {
      type: 'card',
      card: number.ok ? ok({ type: 'resident-number', number: number.value }) : err(number.error),
    };
  },
};
