import type { Failure, RandomBytes, Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
import { type Check, type Packet, type SecurityBlock, encodePacket } from './frames.ts';
import { NAK, type OsdpCommand, type OsdpReply, commands, replies } from './messages.ts';
import {
  SCS,
  type SessionKeys,
  decryptData,
  deriveKeys,
  encryptData,
  initialMac,
  messageMac,
  panelCryptogram,
  readerCryptogram,
  sameBytes,
} from './secure-channel.ts';

/** A command as it goes over the line. It is sent again unchanged until it is answered or the link is given up. */
export interface SealedCommand {
  readonly command: OsdpCommand;
  readonly bytes: Uint8Array;
  readonly sequence: number;
  /** All 16 bytes of the command's code, on a secure link. */
  readonly mac?: Uint8Array;
}

export type Answer =
  | { readonly kind: 'reply'; readonly reply: OsdpReply; readonly mac?: Uint8Array }
  /** Not now: the same frame has to be sent again. */
  | { readonly kind: 'busy' }
  /** The reader has lost count, or its keys: the link has to begin anew. */
  | { readonly kind: 'lost'; readonly reason: number };

/** The key a link may be secured with. */
export interface LinkKey {
  readonly key: Uint8Array;
  readonly isDefault: boolean;
}

/**
 * What panel and reader have in common while a link lasts: sequence number, kind of check, keys and chained codes. Knows
 * no time and no line.
 */
export interface Link {
  readonly isSecure: boolean;
  /** The kind of check of the commands from now on; readers answer with the one that they like. */
  useCheck(check: Check): void;
  seal(command: OsdpCommand): SealedCommand;
  /** What the packet says to the command; undefined for a packet that does not answer it. Changes nothing. */
  open(sealed: SealedCommand, packet: Packet): Answer | undefined;
  /** The reply was taken: the next command gets the next number. */
  advance(sealed: SealedCommand, answer: Answer): void;
  /** Steps of the handshake; each makes the next possible. Errors: `E-OSDP-0101`, `E-OSDP-0102`. */
  readonly handshake: Handshake;
}

export interface Handshake {
  challenge(key: LinkKey): OsdpCommand;
  prove(reply: OsdpReply): Result<OsdpCommand>;
  finish(reply: OsdpReply): Result<void>;
}

export interface LinkOptions {
  readonly address: number;
  readonly check: Check;
  readonly random: RandomBytes;
}

/** How the secure channel begins, one step after the other. */
type Progress =
  | { readonly step: 'none' }
  | { readonly step: 'challenged'; readonly key: LinkKey; readonly random: Uint8Array }
  | { readonly step: 'proved'; readonly key: LinkKey; readonly keys: SessionKeys; readonly mac: Uint8Array };

/** A new link: its first command has sequence number 0, which makes the reader forget what was. */
export function createLink({ address, check: firstCheck, random }: LinkOptions): Link {
  let check = firstCheck;
  let sequence = 0;
  let progress: Progress = { step: 'none' };
  /** `mac` is the reader's last code. */
  let session: { readonly keys: SessionKeys; readonly mac: Uint8Array } | undefined;

  const openSecured = (sealed: SealedCommand, packet: Packet): Answer | undefined => {
    if (!session || !sealed.mac) return undefined;
    const mac = messageMac(session.keys, sealed.mac, packet.authenticated);
    if (!packet.mac || !sameBytes(mac.subarray(0, packet.mac.length), packet.mac)) return undefined;
    // Some readers mark a reply as a command (15 for 16); its code, which covers address and direction, is what counts.
    const type = packet.security?.type;
    const isEncrypted = (type === SCS.encryptedReply || type === SCS.encryptedCommand) && packet.data.length > 0;
    const data = isEncrypted ? decryptData(session.keys, sealed.mac, packet.data) : packet.data;
    const reply = data && replies.decode({ code: packet.code, data });
    return reply && { kind: 'reply', reply, mac };
  };

  return {
    get isSecure() {
      return session !== undefined;
    },
    useCheck: (next) => {
      check = next;
    },
    seal: (command) => {
      const payload = commands.encode(command);
      const head = { address, isReply: false, sequence, check };
      if (!session) {
        const security = handshakeBlock(command, progress);
        const bytes = encodePacket(security ? { ...head, security } : head, payload);
        return { command, bytes, sequence };
      }
      const { keys, mac: last } = session;
      const isEncrypted = payload.data.length > 0;
      const security = { type: isEncrypted ? SCS.encryptedCommand : SCS.command, data: new Uint8Array() };
      const data = isEncrypted ? encryptData(keys, last, payload.data) : payload.data;
      let mac = last;
      const bytes = encodePacket({ ...head, security }, { code: payload.code, data }, (covered) => {
        mac = messageMac(keys, last, covered);
        return mac;
      });
      return { command, bytes, sequence, mac };
    },
    open: (sealed, packet) => {
      if (!packet.isReply || packet.address !== address) return undefined;
      if (packet.security && packet.security.type >= SCS.command) {
        return packet.sequence === sealed.sequence ? openSecured(sealed, packet) : undefined;
      }
      const reply = replies.decode(packet);
      if (!reply) return undefined;
      if (reply.name === 'busy') return { kind: 'busy' };
      // A reader that lost count, or its session, can say so only in the clear and under any number.
      if (reply.name === 'nak' && (sealed.mac !== undefined || reply.reason === NAK.sequence)) {
        return { kind: 'lost', reason: reply.reason };
      }
      if (sealed.mac !== undefined || packet.sequence !== sealed.sequence) return undefined;
      return { kind: 'reply', reply };
    },
    advance: (sealed, answer) => {
      sequence = (sealed.sequence % 3) + 1;
      if (session && answer.kind === 'reply' && answer.mac) session = { ...session, mac: answer.mac };
    },
    handshake: {
      challenge: (key) => {
        session = undefined;
        progress = { step: 'challenged', key, random: random(8) };
        return { name: 'challenge', random: progress.random };
      },
      prove: (reply) => {
        if (progress.step !== 'challenged') return failure('E-OSDP-0103');
        if (reply.name !== 'challenge') return refusal(reply);
        const { key, random: mine } = progress;
        const keys = deriveKeys(key.key, mine);
        if (!sameBytes(readerCryptogram(keys, mine, reply.random), reply.cryptogram)) return failure('E-OSDP-0102');
        const cryptogram = panelCryptogram(keys, mine, reply.random);
        progress = { step: 'proved', key, keys, mac: initialMac(keys, cryptogram) };
        return ok({ name: 'panel-cryptogram', cryptogram });
      },
      finish: (reply) => {
        if (progress.step !== 'proved') return failure('E-OSDP-0103');
        // Past the reader's own proof, any refusal is about ours.
        if (reply.name !== 'initial-mac' || !sameBytes(reply.mac, progress.mac)) return failure('E-OSDP-0102');
        session = { keys: progress.keys, mac: progress.mac };
        progress = { step: 'none' };
        return ok();
      },
    },
  };
}

function handshakeBlock(command: OsdpCommand, progress: Progress): SecurityBlock | undefined {
  if (progress.step === 'none') return undefined;
  const data = Uint8Array.of(progress.key.isDefault ? 0 : 1);
  if (command.name === 'challenge') return { type: SCS.challenge, data };
  return command.name === 'panel-cryptogram' ? { type: SCS.panelCryptogram, data } : undefined;
}

function refusal(reply: OsdpReply): { readonly ok: false; readonly error: Failure } {
  const isUnsupported =
    reply.name === 'nak' && (reply.reason === NAK.secureUnsupported || reply.reason === NAK.unknownCommand);
  return failure(
    isUnsupported ? 'E-OSDP-0101' : 'E-OSDP-0102',
    reply.name === 'nak' ? `NAK ${reply.reason}` : undefined,
  );
}
