import type { Duplex } from 'node:stream';
import { type DurationMs, failure, ok } from '@hallhub/sync/base';
import { z } from 'zod';
import type { Driver, Protocol } from '../../kit/index.ts';
import { parseParams } from '../../kit/index.ts';
import { ippPrinterDriver } from './driver.ts';

const paramsSchema = z.strictObject({
  /** PWG 5101.1 name of the paper that every job asks for. */
  media: z.string().optional(),
  /** Milliseconds between two looks at the printer. */
  pollEvery: z.int().min(500).optional(),
  /** False for a queue behind a spooler, whose counter tells what its filters put out. */
  countsImpressions: z.boolean().optional(),
});

export interface IppProtocolOptions {
  /** A new connection to the in-memory printer of this name; the demo's and the tests' printers. */
  readonly connect?: (name: string) => Duplex | undefined;
}

/** IPP as a protocol of the agent's host: one printer a connection, `ipp://` or `ipps://`. */
export function ippProtocol({ connect }: IppProtocolOptions = {}): Protocol {
  return {
    name: 'ipp',
    connect: ({ transport, devices }, { clock }) => {
      const target = targetOf(transport, connect);
      if (!target) return failure('E-DEV-0302', `an IPP printer needs a url, not a ${transport.kind} line`);
      const drivers: Driver[] = [];
      for (const { deviceId, params } of devices) {
        const parsed = parseParams(paramsSchema, params);
        if (!parsed.ok) return parsed;
        const { media, pollEvery } = parsed.value;
        drivers.push(
          ippPrinterDriver({
            deviceId,
            clock,
            ...target,
            ...(media !== undefined && { media }),
            ...(pollEvery !== undefined && { pollEvery: pollEvery as DurationMs }),
          }),
        );
      }
      return ok(drivers);
    },
  };
}

/** Printers on the network. */
export const ippOverNetwork: Protocol = ippProtocol();

type Transport = Parameters<Protocol['connect']>[0]['transport'];

function targetOf(
  transport: Transport,
  connect: IppProtocolOptions['connect'],
): { readonly uri: string; readonly connect?: () => Duplex } | undefined {
  if (transport.kind === 'url') return { uri: transport.url };
  if (transport.kind !== 'memory' || !connect) return undefined;
  const { name } = transport;
  return {
    uri: `ipp://${name}/ipp/print`,
    connect: () => {
      const line = connect(name);
      if (!line) throw new Error(`no in-memory printer is called ${name}`);
      return line;
    },
  };
}
