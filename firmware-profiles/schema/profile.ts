import { z } from 'zod';

const label = z.strictObject({
  zh: z.string().min(1),
  en: z.string().min(1),
});

const transportDefaults = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('serial'),
    baudRate: z.int().positive().describe('Bits per second that the device has when it leaves the factory'),
    dataBits: z.union([z.literal(7), z.literal(8)]).optional(),
    parity: z.enum(['none', 'even', 'odd']).optional(),
    stopBits: z.union([z.literal(1), z.literal(2)]).optional(),
  }),
  z.strictObject({ kind: z.literal('tcp'), port: z.int().min(1).max(65535) }),
  z.strictObject({ kind: z.literal('url') }),
]);

/** One device model as data. The file is `profiles/<family>/<name>.json`; its id is `<family>/<name>`. */
export const profileSchema = z
  .strictObject({
    $schema: z.string().optional(),
    label: label.describe('What an operator calls this model'),
    vendor: z.string().optional().describe('Absent for a generic device; never an invented name'),
    model: z.string().optional(),
    protocol: z.string().regex(/^[a-z][a-z0-9-]*$/),
    transport: transportDefaults.describe('The line as the device expects it; an installation may override it'),
    params: z.record(z.string(), z.json()).default({}).describe("The protocol's parameters for this model"),
    capabilities: z.array(z.enum(['cardReader', 'barrier', 'passageSensor', 'pagePrinter'])).min(1),
    quirks: z.array(label).default([]).describe('What surprises people about this device'),
    wiring: z.array(label).default([]).describe('What whoever connects it must know'),
    evidence: z
      .array(z.enum(['vectors', 'peer', 'hardware']))
      .min(1)
      .describe(
        'vectors: golden bytes; peer: ran against an implementation written elsewhere; hardware: a real device',
      ),
    sources: z.array(z.string().min(1)).min(1).describe('Where the bytes are described'),
  })
  .meta({ title: 'hallhub device profile' });

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
          direction: z.enum(['request', 'reply']),
          hex: z.string().regex(/^([0-9a-f]{2})+$/),
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
