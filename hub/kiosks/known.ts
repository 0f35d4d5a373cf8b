import type { CardRead } from '@hallhub/device-drivers/capabilities';
import { credentialText } from '@hallhub/device-drivers/capabilities';
import type { Clock, Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
import type { Roster } from '@hallhub/sync/contract';
import type { CertificateService, StudentKey } from '../certificates/index.ts';
import { pickUpKey } from '../certificates/index.ts';
import type { Gates } from '../gates/index.ts';
import type { Requests } from '../requests/index.ts';
import type { Vault } from '../vault/index.ts';
import type { IdentifyWay } from './contract.ts';

/** Somebody who stands before a kiosk, as far as what they showed tells. */
export interface Known {
  readonly way: IdentifyWay;
  /** In full: mask it before it is shown. */
  readonly name: string;
  readonly student: StudentKey;
  /** 学号 or 工号, where it is known. */
  readonly number?: string;
}

/** Turns what is shown at a kiosk into a person. */
export interface Recogniser {
  /** Errors: `E-KIOSK-0103` a number alone, `E-KIOSK-0104` nobody's. */
  card(presented: CardRead['presented'], kioskId: string): Result<Known>;
  /** A campus code or a pick-up code. Errors: `E-KIOSK-0104`, `E-KIOSK-0105`, those of campus codes. */
  scan(text: string, kioskId: string): Result<Known>;
  /** Errors: `E-KIOSK-0105`. */
  pickUp(code: string): Result<Known>;
  /** Whoever has certificates, or stands in the roster, under this number. */
  number(number: string): Known | undefined;
}

const LONGEST_CODE = 24;

export function createRecogniser(deps: {
  readonly vault: Pick<Vault, 'match'>;
  readonly certificates: Pick<CertificateService, 'byPickUp' | 'holder' | 'list'>;
  readonly gates: Pick<Gates, 'identify'>;
  readonly requests: () => Pick<Requests, 'data'>;
  readonly clock: Pick<Clock, 'now'>;
}): Recogniser {
  const { vault, certificates, gates, clock } = deps;
  const idKeyOf = (number: string): string => vault.match('resident-id', number).toString('hex');
  /** The member of the roster that something names, with their number. */
  const member = (
    method: 'campus-card' | 'campus-code' | 'resident-id' | 'looked-up',
    text: string,
    kioskId: string,
  ): Result<Roster['person']> => {
    const found = gates.identify({ method, text, at: clock.now(), place: `kiosk:${kioskId}` });
    if (!found.ok) return found.error.code === 'E-GATE-0101' ? failure('E-KIOSK-0104') : found;
    const data = found.value.requestId === undefined ? undefined : deps.requests().data(found.value.requestId);
    return data?.ok === true ? ok((data.value as Roster).person) : failure('E-KIOSK-0104');
  };
  const asKnown = (way: IdentifyWay, { name, number }: Roster['person']): Known => ({
    way,
    name,
    number,
    student: { number },
  });

  const pickUp = (code: string): Result<Known> => {
    const found = code.length > LONGEST_CODE ? [] : certificates.byPickUp(pickUpKey(vault, code));
    const [first] = found;
    if (!first) return failure('E-KIOSK-0105');
    const certificateIds = found.map(({ certificateId }) => certificateId);
    return ok({ way: 'pick-up-code', name: first.studentName, student: { certificateIds } });
  };

  return {
    card: (presented, kioskId) => {
      // Whoever stands there is shown their own name before anything of theirs: a number alone brings none.
      if (presented.type === 'resident-number') return failure('E-KIOSK-0103');
      if (presented.type !== 'resident-id') {
        const found = member('campus-card', credentialText(presented), kioskId);
        return found.ok ? ok(asKnown('campus-card', found.value)) : found;
      }
      const { name, number } = presented.card;
      const idKey = idKeyOf(number);
      const inRoster = member('resident-id', number, kioskId);
      const [certificate] = certificates.list({ idKey });
      // The roster need not name everybody's card; an approval that names it knows the number as well.
      const own = inRoster.ok ? inRoster.value : certificate && certificates.holder(certificate.certificateId);
      return ok({
        way: 'resident-id',
        name,
        student: { idKey, ...(own && { number: own.number }) },
        ...(own && { number: own.number }),
      });
    },
    scan: (text, kioskId) => {
      const shown = text.trim();
      if (/^[0-9A-Za-z -]{8,24}$/.test(shown)) return pickUp(shown);
      const found = member('campus-code', shown, kioskId);
      return found.ok ? ok(asKnown('campus-code', found.value)) : found;
    },
    pickUp,
    number: (number) => {
      const [certificate] = certificates.list({ number });
      if (certificate) return { way: 'one-time-code', name: certificate.studentName, number, student: { number } };
      const inRoster = member('looked-up', number, 'number');
      return inRoster.ok ? asKnown('one-time-code', inRoster.value) : undefined;
    },
  };
}
