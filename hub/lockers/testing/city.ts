import type { Result } from '@hallhub/sync/base';
import { epochMs, manualClock } from '@hallhub/sync/base';
import type { Manifest } from '../custody/manifest.ts';
import { hashOf } from '../custody/manifest.ts';
import { readConsignment } from '../rules/consignment.ts';
import type { CampusHub, Keys } from './campus.ts';
import { Died, MONDAY, hear, openCampusHub } from './campus.ts';

/*
 * Three campuses, what really lies where, and what may go wrong between them. People do with their hands what they scan, except
 * where a step says that they slip.
 */

export const HUBS = ['east', 'north', 'west'] as const;

interface BagThere {
  /** A hub, or the box it travels in. */
  at: string;
  readonly seal: string;
  items: string[];
  sealed: boolean;
}

interface Box {
  readonly manifest: Manifest;
  readonly bags: string[];
}

export type Step =
  | { readonly do: 'drop'; readonly hub: number; readonly to: number }
  | { readonly do: 'pack'; readonly hub: number; readonly to: number; readonly slip: 'none' | 'left-out' | 'stowaway' }
  | { readonly do: 'send'; readonly hub: number; readonly to: number; readonly resealed: boolean }
  | {
      readonly do: 'take';
      readonly hub: number;
      readonly box: number;
      readonly right: boolean;
      readonly forgotten: boolean;
    }
  | { readonly do: 'count'; readonly hub: number; readonly bag: number }
  | { readonly do: 'shelves'; readonly hub: number }
  | { readonly do: 'collect'; readonly hub: number; readonly item: number }
  | { readonly do: 'close'; readonly hub: number; readonly which: number }
  | { readonly do: 'hear'; readonly hub: number; readonly from: number; readonly most: number; readonly again: boolean }
  | { readonly do: 'repeat'; readonly which: number }
  | { readonly do: 'box-told'; readonly hub: number }
  | { readonly do: 'time' }
  | { readonly do: 'die'; readonly hub: number };

export function openCity(keys: Keys) {
  const clock = manualClock(MONDAY);
  const hubs = HUBS.map((name) => openCampusHub(name, { keys, clock }));
  const cursors = new Map<string, number>();
  /** Where each consignment really is: at a hub, in a bag, or gone with its recipient. */
  const really = new Map<string, string>();
  const bags = new Map<string, BagThere>();
  const boxes: Box[] = [];
  const said: (() => void)[] = [];
  let number = 0;

  const at = (index: number): CampusHub => {
    const hub = hubs[index % hubs.length];
    if (!hub) throw new Error('no hub');
    return hub;
  };
  const pick = <T>(list: readonly T[], index: number): T | undefined =>
    list.length === 0 ? undefined : list[index % list.length];
  const orDie = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      if (error instanceof Died) return undefined;
      throw error;
    }
  };
  /** An order of a terminal: a hub that dies in the middle has done nothing, and is asked again later. */
  const say = <T>(order: () => Result<T>): Result<T> | undefined => {
    said.push(() => void orDie(order));
    return orDie(order);
  };
  const lying = (hub: CampusHub): string[] => [...really].flatMap(([id, where]) => (where === hub.name ? [id] : []));
  const mine = (hub: CampusHub, id: string): boolean => {
    const custodian = hub.chain.known.item(id)?.custodian;
    return custodian?.is === 'hub' && custodian.hub === hub.name;
  };
  const named = (what: string): string => `${what}-${++number}`;

  const steps: { readonly [D in Step['do']]: (step: Extract<Step, { do: D }>) => void } = {
    drop: ({ hub: index, to }) => {
      const hub = at(index);
      const id = named(hub.name);
      const done = say(() =>
        hub.custody.dropOff(
          {
            ...{ id, to: at(to).name, size: 'small', tracking: '0'.repeat(64), premises: true, sure: true },
            place: { at: 'desk' },
          },
          hub.order(`drop/${id}`),
        ),
      );
      if (done?.ok) really.set(id, hub.name);
    },
    pack: ({ hub: index, to, slip }) => {
      const hub = at(index);
      const target = at(to).name;
      const id = named(`bag-${hub.name}`);
      const inside: string[] = [];
      const scanned: string[] = [];
      for (const item of lying(hub)
        .filter((one) => mine(hub, one) && hub.chain.known.item(one)?.to === target)
        .slice(0, 3)) {
        const put = say(() =>
          hub.custody.place(
            { id: item, place: { at: 'bag', bag: id }, ready: false, sure: true },
            hub.order(`bag/${id}/${item}`),
          ),
        );
        if (put?.ok !== true) continue;
        scanned.push(item);
        if (slip !== 'left-out' || scanned.length > 1) inside.push(item);
      }
      if (slip === 'stowaway') {
        const stowaway = lying(hub).find((one) => !scanned.includes(one));
        if (stowaway !== undefined) inside.push(stowaway);
      }
      const seal = named('seal');
      const sealed = say(() => hub.custody.sealBag({ bag: id, seal, items: scanned }, hub.order(`seal/${id}`)));
      if (sealed?.ok !== true) return;
      for (const item of inside) really.set(item, `bag:${id}`);
      bags.set(id, { at: hub.name, seal, items: inside, sealed: true });
    },
    send: ({ hub: index, to, resealed }) => {
      const hub = at(index);
      const target = at(to).name;
      const ready = [...bags].flatMap(([bag, there]) => {
        const state = hub.chain.known.bag(bag);
        return there.at === hub.name && there.sealed && state.is === 'sealed' && state.to === target
          ? [{ bag, seal: there.seal }]
          : [];
      });
      const run = named('run');
      const seal = (): Manifest | undefined => {
        const box = { run, box: named('box'), seal: named('seal'), to: target, bags: ready };
        const sealed = say(() => hub.custody.sealBox(box, hub.order(`box/${box.box}`)));
        return sealed?.ok === true ? sealed.value : undefined;
      };
      let manifest = seal();
      if (manifest && resealed) {
        const old = hashOf(manifest);
        const opened = say(() =>
          hub.custody.unsealBox({ manifest: old, reason: 'wrong box' }, hub.order(`unseal/${old}`, 'staff:b')),
        );
        if (opened?.ok === true) manifest = seal();
      }
      if (!manifest) return;
      const name = hashOf(manifest);
      const shown = manifest.contents.seal;
      const left = say(() =>
        hub.custody.depart(
          { manifest: name, seal: shown, bags: ready, dueAt: epochMs(clock.now() + 3_600_000) },
          hub.order(`depart/${name}`),
        ),
      );
      if (left?.ok !== true) return;
      boxes.push({ manifest, bags: ready.map(({ bag }) => bag) });
      for (const { bag } of ready) moveBag(bag, `box:${name}`);
    },
    take: ({ hub: index, box: which, right, forgotten }) => {
      const box = pick(boxes, which);
      if (!box) return;
      const hub = right ? hubs.find(({ name }) => name === box.manifest.contents.to) : at(index);
      if (!hub) return;
      const name = hashOf(box.manifest);
      const there = box.bags.filter((_, position) => !(forgotten && position === 0 && box.bags.length > 1));
      const scanned = there.map((bag) => ({ bag, seal: bags.get(bag)?.seal ?? '' }));
      const taken = say(() =>
        hub.custody.arrive(
          { signed: box.manifest, seal: box.manifest.contents.seal, bags: scanned },
          hub.order(`arrive/${name}`),
        ),
      );
      if (taken?.ok !== true) return;
      for (const bag of there) moveBag(bag, hub.name);
      const left = box.bags.filter((bag) => !there.includes(bag));
      boxes.splice(boxes.indexOf(box), 1);
      // What was forgotten on the bus is carried in by hand later, without a manifest: its items are found.
      for (const bag of left) spill(bag, hub.name);
    },
    count: ({ hub: index, bag: which }) => {
      const hub = at(index);
      const entry = pick(
        [...bags].filter(([id, there]) => there.at === hub.name && hub.chain.known.bag(id).is === 'arrived'),
        which,
      );
      if (!entry) return;
      const [id, there] = entry;
      const state = hub.chain.known.bag(id);
      if (state.is !== 'arrived') return;
      const items = [...there.items];
      const counted = say(() =>
        hub.custody.count(
          { manifest: state.manifest, bag: id, seal: there.seal, items, damaged: [] },
          hub.order(`count/${id}/${state.manifest}`, 'staff:b'),
        ),
      );
      if (counted?.ok === true) spill(id, hub.name);
    },
    shelves: ({ hub: index }) => {
      const hub = at(index);
      for (const id of lying(hub))
        if (!mine(hub, id)) {
          const name = named(`find/${id}`);
          say(() => hub.custody.find(id, hub.order(name)));
        }
    },
    collect: ({ hub: index, item: which }) => {
      const hub = at(index);
      const id = pick(lying(hub), which);
      if (id === undefined) return;
      const name = named(`hand/${id}`);
      const done = say(() => hub.custody.handOver({ id, to: 'recipient', sure: true }, hub.order(name)));
      if (done?.ok === true) really.set(id, 'gone');
    },
    close: ({ hub: index, which }) => {
      const hub = at(index);
      const found = pick(
        hub.readings.openCases().filter((one) => one.hub === hub.name),
        which,
      );
      if (!found) return;
      say(() =>
        hub.custody.closeCase({ id: found.id, reason: 'looked into', lost: [] }, hub.order(`close/${found.id}`)),
      );
    },
    hear: ({ hub: index, from, most, again }) => {
      const hub = at(index);
      const other = at(from);
      if (hub === other) return;
      const key = `${other.name}>${hub.name}`;
      const start = again ? 0 : (cursors.get(key) ?? 0);
      // The hub that asked may also die before it has kept how far it came.
      const reached = orDie(() => hear(other, hub, start, most));
      if (!again && reached !== undefined) cursors.set(key, reached);
    },
    repeat: ({ which }) => {
      pick(said, which)?.();
    },
    'box-told': ({ hub: index }) => {
      const hub = at(index);
      const [run = 'run-0', box = 'box-0'] = boxes[0]
        ? [boxes[0].manifest.contents.run, boxes[0].manifest.contents.box]
        : [];
      const name = named('told');
      say(() => hub.custody.boxOpened({ run, box, stop: hub.name, accepted: true }, hub.order(name)));
    },
    time: () => {
      clock.advance(7_200_000 as Parameters<typeof clock.advance>[0]);
      for (const hub of hubs) orDie(() => hub.custody.overdue(clock.now()));
    },
    die: ({ hub }) => {
      at(hub).dieAtNextLink();
    },
  };
  const moveBag = (bag: string, to: string): void => {
    const there = bags.get(bag);
    if (there) there.at = to;
  };
  const spill = (bag: string, hub: string): void => {
    const there = bags.get(bag);
    for (const item of there?.items ?? []) really.set(item, hub);
    bags.delete(bag);
  };
  const run = (step: Step): void => {
    // The step's own kind names the function that takes it.
    (steps[step.do] as (one: Step) => void)(step);
  };

  /** Everybody hears everything. */
  const hearAll = (): void => {
    for (let round = 0; round < 60; round++) {
      let more = false;
      for (const hub of hubs)
        for (const other of hubs) {
          if (hub === other) continue;
          const key = `${other.name}>${hub.name}`;
          const before = cursors.get(key) ?? 0;
          const reached = hear(other, hub, before, 10_000);
          cursors.set(key, reached);
          more ||= reached > before;
        }
      if (!more) return;
    }
    throw new Error('the hubs never come to an end');
  };
  /** The day ends: boxes arrive, bags are counted, links hold, shelves are looked through. */
  const endOfDay = (): void => {
    for (const hub of hubs) hub.stayAlive();
    while (boxes.length > 0) {
      const before = boxes.length;
      run({ do: 'take', hub: 0, box: 0, right: true, forgotten: false });
      if (boxes.length === before) {
        // The box was taken where it should not be, or its manifest is void: it is opened, and what is in it found.
        const [box] = boxes.splice(0, 1);
        for (const bag of box?.bags ?? []) spill(bag, box?.manifest.contents.to ?? HUBS[0]);
      }
    }
    hubs.forEach((hub, index) => {
      for (const [id, there] of [...bags])
        if (there.at === hub.name && hub.chain.known.bag(id).is === 'arrived') {
          const all = [...bags].filter(([one, b]) => b.at === hub.name && hub.chain.known.bag(one).is === 'arrived');
          run({ do: 'count', hub: index, bag: all.findIndex(([one]) => one === id) });
        }
    });
    for (let round = 0; round < 4; round++) {
      hearAll();
      hubs.forEach((_, hub) => {
        run({ do: 'shelves', hub });
      });
    }
    hearAll();
  };

  /** Hubs that say of themselves that they answer for a consignment. */
  const believers = (id: string): CampusHub[] => hubs.filter((hub) => mine(hub, id));
  const hasCase = (id: string): boolean => hubs.some((hub) => hub.readings.casesOf(id).length > 0);
  /** As somebody would read it who has all the links that anybody has, in this order. */
  const truth = (id: string, turned: boolean) => {
    const links = hubs.flatMap(({ store }) => store.naming('item', id));
    return readConsignment(id, turned ? links.toReversed() : links).state;
  };
  return { hubs, really, run, endOfDay, believers, hasCase, truth };
}
