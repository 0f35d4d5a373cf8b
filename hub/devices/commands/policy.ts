import type { CapabilityName } from '@hallhub/device-drivers/capabilities';
import { shapeOf } from '@hallhub/device-drivers/capabilities';
import { z } from 'zod';

/** Things that swing, slide or switch: whoever orders them by hand confirms that nobody stands in the way. */
const MOVING: ReadonlySet<string> = new Set([
  'barrier.open',
  'barrierMode.mode',
  'cabinet.unlock',
  'switch.set',
  'curtain.move',
  'projector.power',
]);

/** What only a domain may order, since it means something there: paper that counts, people who are enrolled, new programs. */
const BY_DOMAINS_ONLY: ReadonlySet<string> = new Set([
  'ticketPrinter.print',
  'labelPrinter.print',
  'accessController.put',
  'accessController.withdraw',
  'accessController.clear',
  'firmware.update',
]);

export const moves = (capability: CapabilityName, name: string): boolean => MOVING.has(`${capability}.${name}`);

/** A command that an operator may give from the console, with what its form is made of. */
export interface HandCommand {
  readonly capability: CapabilityName;
  readonly name: string;
  /** JSON Schema (2020-12) of its arguments. */
  readonly schema: unknown;
  readonly moves: boolean;
  /** In which ways it may turn out to be done, from the weakest. */
  readonly done: Readonly<Partial<Record<string, string>>>;
}

const jsonSchemas = new Map<z.ZodType, unknown>();
function jsonSchema(schema: z.ZodType): unknown {
  const known = jsonSchemas.get(schema) ?? z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  jsonSchemas.set(schema, known);
  return known;
}

export const handCommands = (capability: CapabilityName): readonly HandCommand[] =>
  Object.entries(shapeOf(capability).commands)
    .filter(([name]) => !BY_DOMAINS_ONLY.has(`${capability}.${name}`))
    .map(([name, { args, done }]) => ({
      capability,
      name,
      schema: jsonSchema(args),
      moves: moves(capability, name),
      done,
    }));

interface Node {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
}

/** Stands where a free text or bytes were. */
const LEFT_OUT = '…';
const LONGEST_LIST = 16;

/**
 * The arguments as they are put on record: numbers, switches and words of a fixed list. Free texts and bytes are left out,
 * since they may be about a person (a name on a display, a ticket) or a whole file.
 */
export function recordable(capability: CapabilityName, name: string, args: unknown): unknown {
  const declared = shapeOf(capability).commands[name];
  return declared ? strip(args, [jsonSchema(declared.args) as Node]) : {};
}

function strip(value: unknown, nodes: readonly Node[]): unknown {
  const open = nodes.flatMap((node) => [node, ...(node.anyOf ?? []), ...(node.oneOf ?? [])]);
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'string') {
    return open.some((node) => node.const === value || node.enum?.includes(value) === true) ? value : LEFT_OUT;
  }
  if (Array.isArray(value)) {
    const items = open.flatMap(({ items }) => (items ? [items] : []));
    const kept = value.slice(0, LONGEST_LIST).map((item: unknown) => strip(item, items));
    return value.length > LONGEST_LIST ? [...kept, LEFT_OUT] : kept;
  }
  if (typeof value !== 'object' || value instanceof Uint8Array) return LEFT_OUT;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, part]) => part !== undefined)
      .map(([key, part]: [string, unknown]) => {
        const parts = open.flatMap(({ properties }) => (properties?.[key] ? [properties[key]] : []));
        // A key that no schema names (a record's) may itself be somebody's.
        return parts.length === 0 ? [LEFT_OUT, LEFT_OUT] : [key, strip(part, parts)];
      }),
  );
}
