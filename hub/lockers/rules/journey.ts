import type { EpochMs } from '@hallhub/sync/base';
import { epochMs } from '@hallhub/sync/base';
import type { Link } from '../custody/link.ts';
import type { ManifestContents } from '../custody/manifest.ts';

/*
 *   sealed ─ departed ─▶ under way ─ arrived ─▶ here ─ every bag counted ─▶ done
 *      └── unsealed ─▶ void
 */

/** One sealed box on its way, by the name of its manifest. */
export interface Journey {
  readonly manifest: string;
  readonly contents: ManifestContents;
  readonly stage: 'sealed' | 'void' | 'under-way' | 'arrived';
  readonly departedAt?: EpochMs;
  readonly dueAt?: EpochMs;
  readonly arrived?: { readonly hub: string; readonly at: EpochMs; readonly bags: readonly string[] };
  /** Bags that were opened and counted. */
  readonly counted: readonly string[];
}

/** Reads a journey from links in any order; undefined: nobody has shown its manifest yet. */
export function readJourney(manifest: string, links: Iterable<Link>): Journey | undefined {
  let contents: ManifestContents | undefined;
  let stage: Journey['stage'] = 'sealed';
  let departed: { readonly departedAt: EpochMs; readonly dueAt: EpochMs } | undefined;
  let arrived: Journey['arrived'];
  const counted = new Set<string>();
  const order = ['sealed', 'void', 'under-way', 'arrived'] as const;
  const reach = (next: Journey['stage']): void => {
    if (order.indexOf(next) > order.indexOf(stage)) stage = next;
  };
  for (const { body, at, hub } of links) {
    if (!('manifest' in body) || body.manifest !== manifest) continue;
    switch (body.do) {
      case 'sealed':
        contents = body.signed.contents;
        break;
      case 'unsealed':
        reach('void');
        break;
      case 'departed':
        departed = { departedAt: epochMs(at), dueAt: epochMs(body.dueAt) };
        reach('under-way');
        break;
      case 'arrived':
        contents ??= body.presented?.contents;
        // Of two hubs at which it is said to have arrived, the one that was meant.
        if (!arrived || hub === contents?.to) arrived = { hub, at: epochMs(at), bags: body.bags.map(({ bag }) => bag) };
        reach('arrived');
        break;
      case 'counted':
        counted.add(body.bag);
        break;
      case 'claim-refused':
        break;
    }
  }
  if (!contents) return undefined;
  return { manifest, contents, stage, ...departed, ...(arrived && { arrived }), counted: [...counted].toSorted() };
}

/** A bag as the hub knows it whose own links these are, in their order. */
export type Bag =
  | { readonly is: 'open' }
  | { readonly is: 'sealed'; readonly seal: string; readonly to: string }
  /** In a box that is sealed, or gone with it. */
  | {
      readonly is: 'boxed';
      readonly seal: string;
      readonly to: string;
      readonly manifest: string;
      readonly gone: boolean;
    }
  | { readonly is: 'arrived'; readonly seal: string; readonly manifest: string };

export function readBag(bag: string, own: Iterable<Link>): Bag {
  let state: Bag = { is: 'open' };
  for (const { body } of own) state = bagAfter(bag, state, body);
  return state;
}

function bagAfter(bag: string, before: Bag, body: Link['body']): Bag {
  switch (body.do) {
    case 'bag-sealed':
      return body.bag === bag ? { is: 'sealed', seal: body.seal, to: body.to } : before;
    case 'bag-unsealed':
    case 'counted':
      return body.bag === bag ? { is: 'open' } : before;
    case 'sealed': {
      const { bags, to } = body.signed.contents;
      const found = bags.find((one) => one.bag === bag);
      return found ? { is: 'boxed', seal: found.seal, to, manifest: body.manifest, gone: false } : before;
    }
    case 'unsealed':
      return before.is === 'boxed' && before.manifest === body.manifest
        ? { is: 'sealed', seal: before.seal, to: before.to }
        : before;
    case 'departed':
      return before.is === 'boxed' && before.manifest === body.manifest ? { ...before, gone: true } : before;
    case 'arrived': {
      const found = body.bags.find((one) => one.bag === bag);
      return found ? { is: 'arrived', seal: found.seal, manifest: body.manifest } : before;
    }
    default:
      return before;
  }
}

/** The bags and manifests that a link is about. */
export function carriersOf({ body }: Link): { readonly bags: readonly string[]; readonly manifest?: string } {
  const manifest = 'manifest' in body ? body.manifest : undefined;
  const bags = bagsOf(body);
  return { bags, ...(manifest !== undefined && { manifest }) };
}

function bagsOf(body: Link['body']): readonly string[] {
  switch (body.do) {
    case 'sealed':
      return body.signed.contents.bags.map(({ bag }) => bag);
    case 'arrived':
      return body.bags.map(({ bag }) => bag);
    case 'departed':
    case 'unsealed':
      return body.bags;
    case 'bag-sealed':
    case 'bag-unsealed':
    case 'counted':
      return [body.bag];
    default:
      return [];
  }
}
