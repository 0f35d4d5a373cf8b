import { z } from 'zod';
import { capabilityNames } from './capability-names.ts';

const label = z.strictObject({
  zh: z.string().min(1),
  en: z.string().min(1),
});

const serial = {
  baudRate: z.int().positive().describe('Bits per second that the device has when it leaves the factory'),
  dataBits: z.union([z.literal(7), z.literal(8)]).optional(),
  parity: z.enum(['none', 'even', 'odd']).optional(),
  stopBits: z.union([z.literal(1), z.literal(2)]).optional(),
};
const port = z.int().min(1).max(65535);
const usbId = z
  .string()
  .regex(/^[0-9a-f]{4}$/)
  .describe('Four hex digits');

const transportDefaults = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('serial'), ...serial }),
  z.strictObject({ kind: z.literal('tcp'), port }),
  z.strictObject({ kind: z.literal('udp'), port }),
  z.strictObject({ kind: z.literal('usb') }),
  z.strictObject({ kind: z.literal('http') }).describe('Each write is a POST; the address is the installation’s'),
  z.strictObject({ kind: z.literal('url') }),
  z
    .strictObject({ kind: z.literal('http-listen') })
    .describe('It reports by HTTP to a port of the hub or agent; by which door is a parameter'),
  z.strictObject({ kind: z.literal('mqtt') }).describe("The hub's broker; the device's topics are parameters"),
]);

const version = z.string().regex(/^\d+(\.\d+)*$/, 'numbers with points between them');
const firmwareRange = z
  .strictObject({ from: version.optional(), below: version.optional() })
  .describe('From this version on, and below that one; either may be absent');

const params = z.record(z.string(), z.json());

/** How a device of this model makes itself known, for `profiles probe`, claiming and the search on a port. */
const match = z.strictObject({
  usb: z
    .array(
      z.union([
        z.strictObject({ vendorId: usbId, productId: usbId.optional() }),
        z.strictObject({
          interfaceClass: z
            .string()
            .regex(/^[0-9a-f]{2}$/, 'two hex digits')
            .describe('Class of an interface by the codes of the USB-IF; 07 is a printer'),
        }),
      ]),
    )
    .optional()
    .describe('USB devices, or adapters behind serial ports, that may be this model: suggested where one is found'),
  identity: z
    .record(z.string(), z.string())
    .optional()
    .describe('What the device answers about itself, by field; a value may end with * for "begins with"'),
});

/** A run of exactly this profile, with its own parameters, against an implementation written elsewhere. */
const peerRun = z.strictObject({
  tool: z.string().min(1).describe('The implementation, as it calls itself'),
  version: z
    .string()
    .min(1)
    .optional()
    .describe('The version that it ran with; where a test chooses it, it stands there'),
  covers: z.string().min(1).describe('What of the device the run shows, in a few words; it says nothing of the rest'),
  run: z.enum(['ci', 'by-hand']).describe('ci: a test runs it each time; by-hand: somebody ran it once'),
});

/** One device model as data. The file is `profiles/<family>/<name>.json`; its id is `<family>/<name>`. */
export const profileSchema = z
  .strictObject({
    $schema: z.string().optional(),
    label: label.describe('What an operator calls this model'),
    vendor: z.string().optional().describe('Absent for a generic device; never an invented name'),
    model: z.string().optional(),
    match: match.optional(),
    firmware: firmwareRange.optional(),
    protocol: z.string().regex(/^[a-z][a-z0-9-]*$/),
    transport: transportDefaults.describe('The line as the device expects it; an installation may override it'),
    params: params.default({}).describe("The protocol's parameters for this model"),
    conditions: z
      .array(z.strictObject({ firmware: firmwareRange, params }))
      .default([])
      .describe('Parameters that differ with the firmware version; a later entry that applies wins'),
    capabilities: z.array(z.enum(capabilityNames)).min(1),
    lacks: z
      .array(z.enum(['plate-confidence']))
      .optional()
      .describe(
        'What devices of its kind say and this one never does; the hub warns where an installation counts on it',
      ),
    quirks: z.array(label).default([]).describe('What surprises people about this device'),
    wiring: z.array(label).default([]).describe('What whoever connects it must know'),
    evidence: z
      .array(z.enum(['vectors', 'peer', 'hardware']))
      .min(1)
      .describe(
        'vectors: golden bytes; peer: ran against an implementation written elsewhere; hardware: a real device',
      ),
    peers: z.array(peerRun).default([]).describe('The runs behind the evidence "peer"'),
    sources: z.array(z.string().min(1)).min(1).describe('Where the bytes are described'),
  })
  .meta({ title: 'hallhub device profile' });

/** What a profile file may leave to the template that it extends: everything. The whole is checked after merging. */
export const profileFileSchema = profileSchema
  .partial()
  .extend({
    extends: z
      .string()
      .regex(/^[a-z0-9-]+\/[a-z0-9-]+$/)
      .optional()
      .describe('A template `templates/<family>/<name>`; what stands here goes over it, parameter by parameter'),
  })
  .meta({ title: 'hallhub device profile' });

export type PeerRun = z.infer<typeof peerRun>;
export type ProfileFile = z.infer<typeof profileSchema>;

/** A profile with the id that its place in the tree gives it. */
export interface Profile extends ProfileFile {
  readonly id: string;
}

/** One message both ways: what it means and its exact bytes. */
export const vectorsSchema = z
  .strictObject({
    $schema: z.string().optional(),
    vectors: z
      .array(
        z.strictObject({
          name: z.string().min(1),
          direction: z.enum(['request', 'reply']).describe('To the device, or from it'),
          hex: z
            .string()
            .regex(/^([0-9a-f]{2})*$/)
            .describe('Empty for a message over MQTT that is its topic alone'),
          topic: z.string().min(1).optional().describe('For messages over MQTT'),
          message: z.record(z.string(), z.json()).describe("The message in the protocol's own terms"),
        }),
      )
      .min(1),
  })
  .meta({ title: 'hallhub device profile vectors' });

export type Vector = z.infer<typeof vectorsSchema>['vectors'][number];

/** Profiles by id. */
export interface ProfileCatalogue {
  get(id: string): Profile | undefined;
  list(): readonly Profile[];
}

/** The parameters for a device with this firmware, as far as it is known: conditions that apply go over the profile's own. */
export function paramsFor(profile: Profile, firmware?: string): Readonly<Record<string, z.core.util.JSONType>> {
  if (firmware === undefined) return profile.params;
  const apply = profile.conditions.filter(({ firmware: range }) => isInRange(firmware, range));
  return Object.assign({}, profile.params, ...apply.map((condition) => condition.params)) as typeof profile.params;
}

/** Whether a version lies in a range; numbers are compared as numbers, a missing part is 0, other text ends the version. */
export function isInRange(
  firmware: string,
  { from, below }: { readonly from?: string | undefined; readonly below?: string | undefined },
): boolean {
  return (
    (from === undefined || compareVersions(firmware, from) >= 0) &&
    (below === undefined || compareVersions(firmware, below) < 0)
  );
}

/** Negative, 0 or positive, as for a sort. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

const numbersOf = (version: string): readonly number[] =>
  (/\d+(?:\.\d+)*/.exec(version)?.[0] ?? '0').split('.').map(Number);
