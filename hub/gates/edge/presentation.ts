import { credentialKind, credentialText } from '@hallhub/device-drivers/capabilities';
import type { CardReader, CodeScanner, FaceTerminal, PlateReader } from '@hallhub/device-drivers/capabilities';
import type { Cancel, EpochMs } from '@hallhub/sync/base';
import type { RefusalCode } from '../codes.ts';
import { normalisePlate } from '../plates.ts';
import type { ReaderBits } from './bits.ts';
import { uidOfBits } from './bits.ts';
import type { SignedClaim } from './signed-pass.ts';

/**
 * What a guard may be shown of somebody whom no approval names: what the card itself says of its holder; or, of a number that was
 * typed at the hub, what only the hub can open.
 */
export type Stranger = { readonly name: string; readonly number: string } | { readonly sealed: string };

/** Something held to a gate that names somebody. */
export interface Presentation {
  /** What kind of thing: `resident-id`, `uid`, `campus-code`, `plate`, … */
  readonly method: string;
  /** Keyed hash under which passes are found. */
  readonly credential: Uint8Array;
  /** When, by the device. */
  readonly at: EpochMs;
  /** YYYYMMDD of the card itself. */
  readonly cardValidTo?: string;
  /** Of a code: in which step it was made, or shown where it is a lasting one. */
  readonly codeStep?: number;
  /** A genuine code, whoever's it is. */
  readonly signed?: SignedClaim;
  readonly stranger?: Stranger;
}

/** What a guard typed or looked up, before it is hashed under the key of whoever decides. */
export type TypedCredential = Pick<Presentation, 'method'> & {
  readonly stranger?: { readonly name: string; readonly number: string };
} &
  /** Kind and normal form, as they go into the keyed hash; or the pass that was looked up. */
  ({ readonly type: string; readonly value: string } | { readonly passId: string });

/** Or something that is refused before anybody is looked up: a forged code, an unsure plate, an event of the past. */
export interface Rejected {
  readonly method: string;
  readonly at: EpochMs;
  readonly code: RefusalCode;
  readonly stranger?: Presentation['stranger'];
}

export type Shown = Presentation | Rejected;

/** Where presentations come from: a reader, a scanner, a camera. Returns what stops it. */
export type Source = (present: (shown: Shown) => void) => Cancel;

/** Keyed hash of a credential in its normal form; see the vault. */
export type Match = (type: string, value: string) => Uint8Array;

/** A card reader as a source. @param bits how its bits stand for a UID; without it they name nobody but themselves */
export const cardSource =
  (reader: CardReader, match: Match, bits?: ReaderBits): Source =>
  (present) =>
    reader.onCard(({ presented: read, at }) => {
      const uid = read.type === 'bits' && bits ? uidOfBits(read, bits) : undefined;
      const presented = uid === undefined ? read : { type: 'uid' as const, uid };
      const card = presented.type === 'resident-id' ? presented.card : undefined;
      present({
        method: credentialKind(presented),
        credential: match(credentialKind(presented), credentialText(presented)),
        at,
        ...(card?.validTo !== undefined && { cardValidTo: card.validTo }),
        ...(card && { stranger: { name: card.name, number: card.number } }),
      });
    });

/**
 * What a code says: whose it is, or why it is not believed; undefined for the same code that is still held to the scanner.
 * Remembers dynamic codes for all gates of a process.
 */
export type CodeReader = (
  text: string,
  gateId: string,
  now: EpochMs,
) =>
  Pick<Presentation, 'method' | 'credential' | 'codeStep' | 'signed'> | Pick<Rejected, 'method' | 'code'> | undefined;

/** A scanner as a source. A code is judged by when it was scanned; what no scanner could make a text of is no code of ours. */
export const codeSource =
  (scanner: CodeScanner, read: CodeReader, gateId: string): Source =>
  (present) => {
    const stops = [
      scanner.onScan(({ text, at }) => {
        const code = read(text, gateId, at);
        if (code) present({ ...code, at });
      }),
      scanner.onUnreadable(({ at }) => {
        present({ method: 'code', code: 'E-GATE-0131', at });
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  };

/** A camera as a source. A plate that is read below `certainty`, or without a word of it where that is not accepted, names nobody: it goes to the guard with what was read. */
export const plateSource =
  (
    camera: PlateReader,
    match: Match,
    {
      direction,
      certainty,
      withoutConfidence,
    }: {
      readonly direction: 'in' | 'out';
      readonly certainty: number;
      readonly withoutConfidence: 'refuse' | 'accept';
    },
  ): Source =>
  (present) =>
    camera.onPlate((read) => {
      if (read.direction !== undefined && read.direction !== direction) return;
      const plate = normalisePlate(read.plate);
      const method = 'plate';
      const unsaid = withoutConfidence === 'accept' ? 1 : -1;
      const stranger = { name: '', number: plate };
      if (read.replayed) present({ method, at: read.at, code: 'E-GATE-0138', stranger });
      else if ((read.confidence ?? unsaid) < certainty) present({ method, at: read.at, code: 'E-GATE-0137', stranger });
      else present({ method, credential: match(method, plate), at: read.at, stranger });
    });

/** A face terminal as a source: it names a person; it decides nothing, and what it remembers from before opens nothing. */
export const faceSource =
  (terminal: FaceTerminal, match: Match): Source =>
  (present) =>
    terminal.onRecognised(({ personId, at, replayed }) => {
      const method = 'face';
      if (replayed) present({ method, at, code: 'E-GATE-0138' });
      else present({ method, credential: match(method, personId), at });
    });
