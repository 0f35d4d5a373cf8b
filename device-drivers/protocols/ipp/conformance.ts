import { ms, ok, seconds } from '@hallhub/sync/base';
import type { JobStatus } from '../../capabilities/index.ts';
import type { OwnStage, ProtocolConformance, Scene } from '../../conformance/types.ts';
import { MESSAGES_ARE_WHOLE, sameValue } from '../../conformance/vectors.ts';
import { ippProtocol } from './protocol.ts';
import { type SimulatedPrinter, simulatedPrinter } from './simulator/index.ts';

const NAME = 'printer';
const DOCUMENT = Buffer.from('%PDF-1.7\n1 0 obj<</Type /Page>>endobj\n%%EOF\n');
const STEP_BY_STEP =
  'no order is given to it: what a step comes to that is not answered well is its caller’s, and in tests of its own';

/** Printers over IPP, on HTTP connections that the driver opens by itself. */
export const ippConformance: ProtocolConformance = {
  protocol: 'ipp',
  peers: [
    {
      tool: 'ipptool (CUPS)',
      covers: 'the simulated printer, operation by operation',
      run: 'ci',
      test: 'ipptool.test.ts',
    },
  ],
  deviceFaults: () => ({
    silent: STEP_BY_STEP,
    late: STEP_BY_STEP,
    'wrong-address': 'its address is its URL',
    'bad-check': 'messages carry no check but that of TCP',
    refuses: STEP_BY_STEP,
  }),
  notApplicable: () => ({
    frames: MESSAGES_ARE_WHOLE,
    lineFaults: 'TCP keeps bytes whole and in order; a connection that breaks is the unplugged line',
  }),
  simulateOwn: ({ clock }): OwnStage => {
    const printer = simulatedPrinter({ clock, perPage: ms(200) });
    return {
      protocol: ippProtocol({ connect: () => printer.connect() }),
      transport: { kind: 'memory', name: NAME },
      unplug: () => {
        printer.inject({ type: 'unreachable' });
      },
      plug: () => {
        printer.clearFaults();
      },
      subject: {
        start: () => Promise.resolve(ok()),
        stop: () => {
          printer.close();
          return Promise.resolve();
        },
        stimuli: [],
        orders: [],
        scenes: [printedJob(printer), cancelledJob()],
        setFault: () => undefined,
      },
    };
  },
  checkVector: ({ hex, message }) => {
    sameValue(readIpp(Buffer.from(hex, 'hex')), message);
  },
};

/** From Create-Job to the paper in the tray. */
const printedJob = (printer: SimulatedPrinter): Scene => ({
  name: 'a job is printed',
  covers: ['pagePrinter.createJob', 'pagePrinter.sendDocument', 'pagePrinter.job', 'pagePrinter.findJobs'],
  play: async ({ ask, until }) => {
    const name = 'attempt-1';
    const { jobId } = (await ask('pagePrinter', 'createJob', { name, copies: 1, duplex: false })) as JobStatus;
    await ask('pagePrinter', 'sendDocument', jobId, DOCUMENT, 'application/pdf');
    await until(() => printer.tray.length > 0 && printer.state === 'idle', seconds(10));
    const job = (await ask('pagePrinter', 'job', jobId)) as JobStatus;
    sameValue([job.state, printer.tray.length], ['completed', 1]);
    const found = (await ask('pagePrinter', 'findJobs', name)) as readonly JobStatus[];
    sameValue(
      found.map((each) => each.jobId),
      [jobId],
    );
  },
});

const cancelledJob = (): Scene => ({
  name: 'a job is taken back',
  covers: ['pagePrinter.cancelJob'],
  play: async ({ ask }) => {
    const { jobId } = (await ask('pagePrinter', 'createJob', {
      name: 'attempt-2',
      copies: 1,
      duplex: false,
    })) as JobStatus;
    await ask('pagePrinter', 'cancelJob', jobId);
    sameValue(((await ask('pagePrinter', 'job', jobId)) as JobStatus).state, 'canceled');
  },
});

/** IPP as RFC 8010 lays it out, as much of it as the vectors use; read here a second time, apart from any driver. */
function readIpp(bytes: Buffer): object {
  const types: Readonly<Record<number, string>> = {
    0x23: 'enum',
    0x44: 'keyword',
    0x45: 'uri',
    0x47: 'charset',
    0x48: 'naturalLanguage',
  };
  const groups: { tag: number; attributes: object[] }[] = [];
  let at = 8;
  const counted = (): Buffer => {
    const length = bytes.readUInt16BE(at);
    at += 2 + length;
    return bytes.subarray(at - length, at);
  };
  while (bytes[at] !== 0x03) {
    const tag = bytes.readUInt8(at);
    at += 1;
    if (tag < 0x10) {
      groups.push({ tag, attributes: [] });
      continue;
    }
    const name = counted().toString();
    const raw = counted();
    const type = types[tag] ?? `tag ${tag}`;
    groups.at(-1)?.attributes.push({ name, type, value: type === 'enum' ? raw.readInt32BE(0) : raw.toString() });
  }
  return {
    version: `${bytes.readUInt8(0)}.${bytes.readUInt8(1)}`,
    code: bytes.readUInt16BE(2),
    requestId: bytes.readUInt32BE(4),
    groups,
  };
}
