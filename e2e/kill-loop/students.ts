import type { CertificateView, PrintJobView } from '../../hub/certificates/ports.ts';
import type { KioskView } from '../../hub/kiosks/index.ts';
import { KIOSK } from '../testing/campus.ts';
import { httpClient } from '../testing/http-client.ts';
import type { Person } from '../testing/people.ts';
import { approveCertificate, person } from '../testing/people.ts';
import { maybe } from '../testing/until.ts';
import type { Stage } from './stage.ts';

const ENDED = new Set(['printed', 'not-printed', 'uncertain']);
const API = { every: 150 } as const;
const REMEMBERED = 6;

/** One student after the other prints at the kiosk; whoever sees an error tries again, as people do. */
export async function students(stage: Stage, kioskToken: string): Promise<void> {
  const { campus, random, database } = stage;
  const base = `/api/kiosks/${KIOSK}`;
  const kiosk = httpClient(() => stage.hub?.url ?? 'http://hub-is-down.invalid');
  await maybe(() => kiosk.ask('POST', `${base}/session`, { token: kioskToken }).then(() => true), API);
  let known: { readonly who: Person; readonly requestId: string }[] = [];
  let born = 500;

  const come = (): { readonly who: Person; readonly requestId: string } => {
    if (known.length > 0 && random.chance(0.5)) return random.of(known);
    const who = person('林知夏', born++);
    const student = { who, requestId: approveCertificate(campus.hall, who, 1 + random.integer(3)) };
    known = [...known, student].slice(-REMEMBERED);
    return student;
  };
  const print = async (certificateId: string): Promise<string | undefined> => {
    try {
      const wish = { certificateId, copies: 1 };
      return (await kiosk.ask<PrintJobView>('POST', `${base}/print`, wish)).attemptId;
    } catch {
      // All copies used, or the hub died under the finger: the tray and the database tell which.
      return undefined;
    }
  };

  while (!stage.over) {
    const { who, requestId } = come();
    await campus.kioskReader.put(who.card);
    const recognised = await maybe(async () => (await kiosk.ask<KioskView>('GET', base)).person, {
      ...API,
      within: 6_000,
    });
    const issued = async (): Promise<boolean> =>
      (await kiosk.ask<CertificateView[]>('GET', `${base}/certificates`)).some(
        ({ certificateId, state }) => certificateId === requestId && state === 'issued',
      );
    if (recognised && (await maybe(issued, { ...API, within: 5_000 }))) {
      const attemptId = await print(requestId);
      const ended = (): boolean =>
        database.attempts().some((attempt) => attempt.attemptId === attemptId && ENDED.has(attempt.state));
      if (attemptId !== undefined) await maybe(ended, { within: 12_000 });
    }
    await maybe(() => kiosk.ask('POST', `${base}/leave`).then(() => true), { within: 0 });
    await campus.kioskReader.lift();
  }
}
