import { z } from 'zod';
import { minutes } from '@hallhub/sync/base';
import { type CapabilityOf, type CommandOf, bytes, defineCapability, instant, nothing } from './declare.ts';

const progress = z.object({
  state: z.enum(['idle', 'sending', 'installing', 'done', 'failed', 'cancelled']),
  /** Bytes that the device has taken; an update that was interrupted goes on from there. */
  sent: z.int().nonnegative(),
  total: z.int().nonnegative(),
  /** Where a transfer was taken up that had broken off; 0: the device did not remember it, and it began again. */
  takenUpAt: z.int().nonnegative().exactOptional(),
  at: instant,
});

/** A device whose own program can be replaced over its line. One update at a time. */
export const firmwareShape = defineCapability({
  commands: {
    update: {
      args: z.object({
        version: z.string(),
        /**
         * As much of this very image the device had confirmed when its transfer broke off: it is taken up there where the
         * device remembers. For devices that are fed by their driver.
         */
        resumeFrom: z.int().nonnegative().exactOptional(),
        /** The image itself where the device is fed by its driver, an address where it fetches by itself. */
        image: z.discriminatedUnion('from', [
          z.object({ from: z.literal('bytes'), bytes }),
          z.object({
            from: z.literal('url'),
            url: z.url(),
            /** Of the image, in hex. Whoever fetches it for a device that is fed by its driver checks it. */
            sha256: z
              .string()
              .regex(/^[0-9a-f]{64}$/)
              .exactOptional(),
          }),
        ]),
      }),
      done: {
        acknowledged: 'the device took the whole image, or the order to fetch it',
        observed: 'the device came back and reports the new version',
      },
      // A slow line carries some 1 kB/s, and the device then installs and starts anew.
      takes: minutes(90),
    },
    cancel: { args: nothing, done: { acknowledged: 'nothing more is sent; the device keeps its old program' } },
  },
  calls: {
    /** Whether the device is fed by its driver or fetches by itself; known without asking the device. */
    source: { args: z.tuple([]), result: z.object({ from: z.enum(['bytes', 'url']) }) },
    installed: {
      args: z.tuple([]),
      result: z.object({ version: z.string(), model: z.string().exactOptional(), serial: z.string().exactOptional() }),
    },
    progress: { args: z.tuple([]), result: progress },
  },
  events: { progress: { transient: true, data: progress } },
});

export type Firmware = CapabilityOf<typeof firmwareShape>;
export type UpdateCommand = CommandOf<typeof firmwareShape, 'update'>;
export type UpdateProgress = Readonly<z.output<typeof progress>>;
