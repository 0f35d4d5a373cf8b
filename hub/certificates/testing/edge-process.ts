import { systemClock } from '@hallhub/sync/base';
import type { PagePrinter } from '@hallhub/device-drivers/capabilities';
import { ippClient } from '@hallhub/device-drivers/protocols/ipp';
import { isEnded } from '../rules.ts';
import { asStudent, testSealer, testService } from './kit.ts';

/*
 * A small hub that prints one copy and dies by SIGKILL in one state of its attempt.
 *   node edge-process.ts <database> <printer-uri> <"print" | "resume"> [<state>[/<call>] <"before" | "during" | "after">]
 * `before` and `after` are those of the state's effect, or of that call of its effects: the state is committed and nothing of it was
 * done yet, or all of it was and the next state is not committed. A state that ends has no effect; it dies with the commit.
 * Answers one line when the attempt has ended: its state.
 */

const [file = '', uri = '', mode = '', place = '', moment = ''] = process.argv.slice(2);
const [deadlyState, deadlyCall] = place.split('/');
const die = (): void => {
  process.kill(process.pid, 'SIGKILL');
};
const isHere = (call: string): boolean => (deadlyCall ?? call) === call && hub.service.jobs()[0]?.state === deadlyState;
const real = ippClient({ uri, clock: systemClock({ mode: 'test' }) });

/** A call of the printer, deadly in one state. */
function deadly<A extends unknown[], R>(
  name: keyof PagePrinter,
  call: (...args: A) => Promise<R>,
): (...args: A) => Promise<R> {
  return async (...args) => {
    if (!isHere(name)) return call(...args);
    if (moment === 'before') die();
    const answered = call(...args);
    if (moment === 'during') setImmediate(die);
    const answer = await answered;
    die();
    return answer;
  };
}
const printer: PagePrinter = {
  status: deadly('status', real.status.bind(real)),
  createJob: deadly('createJob', real.createJob.bind(real)),
  sendDocument: deadly('sendDocument', real.sendDocument.bind(real)),
  job: deadly('job', real.job.bind(real)),
  findJobs: deadly('findJobs', real.findJobs.bind(real)),
  cancelJob: deadly('cancelJob', real.cancelJob.bind(real)),
};

const hub = testService({
  file,
  clock: systemClock({ mode: 'test', speed: 20 }),
  printers: [{ printerId: 'printer-1', name: 'test', printer, countsImpressions: true }],
  change: {
    sealer: {
      ...testSealer,
      open: (sealed, context) => {
        const isDeadly = isHere('document');
        if (isDeadly && moment === 'before') die();
        const plain = testSealer.open(sealed, context);
        if (isDeadly) die();
        return plain;
      },
    },
  },
});
hub.service.onChange(({ attemptId }) => {
  const state = attemptId === undefined ? undefined : hub.service.job(attemptId)?.state;
  if (state !== undefined && isEnded(state) && state === deadlyState) die();
});
const settled = (attemptId: string): Promise<string> =>
  new Promise((resolve) => {
    const look = (): void => {
      const state = hub.service.job(attemptId)?.state;
      if (state !== undefined && isEnded(state)) resolve(state);
    };
    hub.service.onChange(look);
    look();
  });

async function act(): Promise<string> {
  if (mode === 'print') {
    const printed = await hub.service.print('request-1', 'printer-1', 1, asStudent);
    return printed.ok ? settled(printed.value.attemptId) : printed.error.code;
  }
  const [last] = hub.service.jobs();
  hub.service.start();
  return last ? settled(last.attemptId) : 'nothing to resume';
}

const state = await act();
await hub.close();
process.stdout.write(`${state}\n`);
