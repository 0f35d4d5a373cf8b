import type { Packet } from './frames.ts';
import { type OsdpCommand, type OsdpReply, nakMeaning } from './messages.ts';

/** What is told of a frame: which card, which digits, which words and which key is nobody's business. */
export interface Shown {
  readonly bytes: Uint8Array;
  readonly meaning: string;
}

/** Commands whose data are secrets or words for one person's eyes. */
const PRIVATE_COMMANDS: ReadonlySet<OsdpCommand['name']> = new Set([
  'set-key',
  'text',
  'file-transfer',
  'manufacturer',
]);
/** Replies that come of a person's card or fingers. */
const PRIVATE_REPLIES: ReadonlySet<OsdpReply['name']> = new Set(['raw', 'formatted', 'keypad', 'manufacturer']);
/** Start, address, length, control: as much is told of a frame whose data are withheld. */
const HEAD_BYTES = 5;

/** A command in words for the operator. */
export function commandShown(address: number, command: OsdpCommand, bytes: Uint8Array): Shown {
  return {
    bytes: PRIVATE_COMMANDS.has(command.name) ? bytes.subarray(0, HEAD_BYTES) : bytes,
    meaning: `reader ${address}: ${commandMeaning(command)}`,
  };
}

/** A reply in words for the operator; undefined for one that is no message of this link. */
export function replyShown(packet: Packet, reply: OsdpReply | undefined): Shown {
  const isPrivate = reply === undefined || PRIVATE_REPLIES.has(reply.name);
  return {
    bytes: isPrivate ? packet.bytes.subarray(0, HEAD_BYTES) : packet.bytes,
    meaning: `reader ${packet.address}: ${reply ? replyMeaning(reply) : `code ${packet.code.toString(16)}`}`,
  };
}

function commandMeaning(command: OsdpCommand): string {
  switch (command.name) {
    case 'outputs':
      return command.outputs
        .map(({ output, control, timer }) => `output ${output}, control ${control}, ${timer * 100} ms`)
        .join('; ');
    case 'leds':
      return `LED ${command.leds.map(({ led }) => led).join(', ')}`;
    case 'buzzer':
      return `buzzer, tone ${command.tone}, ${command.count} times`;
    case 'text':
      return `text, ${command.text.length} bytes, contents withheld`;
    case 'set-key':
      return 'new key, contents withheld';
    case 'set-communication':
      return `address ${command.address}, ${command.baudRate} baud from now on`;
    case 'file-transfer':
      return `file ${command.fileType}: ${command.fragment.length} bytes at ${command.offset} of ${command.total}`;
    default:
      return command.name.replaceAll('-', ' ');
  }
}

function replyMeaning(reply: OsdpReply): string {
  switch (reply.name) {
    case 'nak':
      return nakMeaning(reply.reason);
    case 'id':
      return `vendor ${hex(reply.vendor)}, model ${reply.model}, firmware ${reply.firmware.join('.')}`;
    case 'capabilities':
      return `${reply.capabilities.length} capabilities`;
    case 'local-status':
      return `tamper ${reply.tamper}, power ${reply.power}`;
    case 'input-status':
      return `inputs ${reply.inputs.join('')}`;
    case 'output-status':
      return `outputs ${reply.outputs.join('')}`;
    case 'raw':
      return `card of ${reply.bits.count} bits, contents withheld`;
    case 'keypad':
      return `${reply.digits.length} keys, contents withheld`;
    case 'formatted':
      return 'formatted card data, which is ambiguous: ignored';
    case 'file-status':
      return `file status ${reply.status}, delay ${reply.delay} ms`;
    default:
      return reply.name.replaceAll('-', ' ');
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
