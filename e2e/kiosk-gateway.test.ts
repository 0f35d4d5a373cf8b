import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CertificateView, KioskView, PrintJobView } from '../hub/api/types.ts';
import { enrolAgent, startAgentProcess } from './testing/agent-process.ts';
import type { Campus } from './testing/campus.ts';
import { KIOSK, freePort, startCampus } from './testing/campus.ts';
import type { HttpClient } from './testing/http-client.ts';
import { httpClient } from './testing/http-client.ts';
import type { HubProcess } from './testing/hub-process.ts';
import { loopback } from './testing/hub-process.ts';
import { approveCertificate, person } from './testing/people.ts';
import type { Program } from './testing/program.ts';
import { logInAsFirst } from './testing/staff.ts';
import { until } from './testing/until.ts';

/*
 * A kiosk whose reader and printer hang on the agent of its own machine, which also serves its screens: hub, agent, reader (a pty) and
 * printer (ippeveprinter) are real. Each test goes on from the one before.
 */

const AGENT = 'hall-machine';
const BASE = `/api/kiosks/${KIOSK}`;
const ENDED = /^(printed|not-printed|uncertain)$/;
const PATIENCE = { within: 60_000, every: 200 };
const student = person('林知夏', 4);

let campus: Campus;
let hub: HubProcess;
let agent: Program;
let screens: HttpClient;
let request: string;

const view = (): Promise<KioskView> => screens.ask<KioskView>('GET', BASE);
const isKnown = async (): Promise<unknown> => {
  await campus.kioskReader.put(student.card);
  const known = await until('the kiosk knows who stands there', async () => (await view()).person, PATIENCE);
  await campus.kioskReader.lift();
  return known;
};

beforeAll(async () => {
  campus = await startCampus({ kioskAgent: AGENT, httpPort: await freePort() });
  hub = await campus.startHub();
  const staff = await logInAsFirst(() => hub);
  const { code } = await staff.ask<{ code: string }>('POST', `/api/agents/${AGENT}/code`);
  await enrolAgent({ dataDir: campus.agentDir, url: hub.url, code });
  agent = await startAgentProcess(campus.agentDir);
  const link = new URL(loopback(await agent.says(/(http\S+\/kiosk\/\S+#token=\S+)/)));
  screens = httpClient(() => link.origin);
  expect((await screens.call('GET', BASE)).status).toBe(401);
  await screens.ask('POST', `${BASE}/session`, { token: link.hash.replace('#token=', '') });
  request = approveCertificate(campus.hall, student, 3);
  await until('its printer is ready', async () => (await view()).printer?.state === 'ready', PATIENCE);
});
afterAll(async () => {
  await agent.stop('SIGKILL');
  await campus.stop();
});

test('a student identifies at the machine and gets paper', async () => {
  expect(await isKnown()).toMatchObject({ name: '林*夏', way: 'resident-id' });
  const issued = await until(
    'the certificate is made',
    async () => (await screens.ask<CertificateView[]>('GET', `${BASE}/certificates`)).find((c) => c.state === 'issued'),
    PATIENCE,
  );
  const page = await screens.call('GET', `${BASE}/certificates/${request}/document`);
  expect(page).toMatchObject({ status: 200, body: expect.stringContaining('%PDF') as string });
  const wish = { certificateId: request, copies: 1 };
  const { attemptId } = await screens.ask<PrintJobView>('POST', `${BASE}/print`, wish);
  const job = (): Promise<PrintJobView> => screens.ask<PrintJobView>('GET', `${BASE}/jobs/${attemptId}`);
  await until('the print ends', async () => ENDED.test((await job()).state), PATIENCE);
  expect(await job()).toMatchObject({ state: 'printed', impressions: 1 });
  expect(campus.printer.tray()).toEqual([issued.documentSha256]);
});

test('with the hub killed in the middle of a print it says so, and the page comes out once', async () => {
  campus.printer.set('slow');
  await isKnown();
  const wish = { certificateId: request, copies: 1 };
  const { attemptId } = await screens.ask<PrintJobView>('POST', `${BASE}/print`, wish);
  const job = (): Promise<PrintJobView> => screens.ask<PrintJobView>('GET', `${BASE}/jobs/${attemptId}`);
  await until('the printer has it', async () => (await job()).state === 'sent', PATIENCE);
  await hub.stop('SIGKILL');
  await until('it says that the hub is gone', async () => (await view()).hub === 'gone', PATIENCE);
  expect((await view()).person).toBeUndefined();
  expect(await screens.call('POST', `${BASE}/print`, wish)).toMatchObject({
    status: 503,
    body: { code: 'E-KIOSK-0301' },
  });
  hub = await campus.startHub();
  await until('the hub is back', async () => (await view()).hub === 'up', PATIENCE);
  const ended = await until(
    'it is known what became of the print',
    async () => {
      const known = await job();
      return ENDED.test(known.state) && known;
    },
    PATIENCE,
  );
  expect(ended.state).toMatch(/^(printed|uncertain)$/);
  expect(campus.printer.tray()).toHaveLength(2);
});
