import { describe, expect, it } from 'vitest';
import { type EpochMs, epochMs, ms, plus, seconds } from '@hallhub/sync/base';
import {
  DOOR_TIMES,
  type Door,
  type DoorEffect,
  type DoorInput,
  type DoorMake,
  NEW_DOOR,
  type Purpose,
  dueAt,
  isFree,
  stepDoor,
} from './door.ts';

const START = epochMs(1_000_000);
const BLIND: DoorMake = { contacts: false, items: false };
const CONTACT: DoorMake = { contacts: true, items: false };
const ALL: DoorMake = { contacts: true, items: true };

/** A door of this make, read once, and what is told to it after so many milliseconds each. */
function play(make: DoorMake, script: readonly (readonly [after: number, input: DoorInput])[]) {
  const rules = { make, times: DOOR_TIMES };
  let now: EpochMs = START;
  let door: Door = stepDoor(NEW_DOOR, SHUT, now, rules).door;
  const told: string[] = [];
  for (const [after, input] of script) {
    now = plus(now, ms(after));
    const step = stepDoor(door, input, now, rules);
    door = step.door;
    told.push(...step.effects.map(words));
  }
  return { door, told, free: isFree(door, make) };
}

function words(effect: DoorEffect): string {
  switch (effect.do) {
    case 'pulse':
      return `pulse ${effect.attempt}`;
    case 'end':
      return `end ${effect.outcome.ended}${'sure' in effect.outcome ? (effect.outcome.sure ? '!' : '?') : ''}`;
    case 'opened':
      return `opened${effect.sure ? '!' : '?'}`;
    case 'ask':
      return `ask${effect.mayReopen ? '' : ' last'}`;
    case 'alarm':
    case 'alert-staff':
      return `${effect.do} ${effect.why}`;
    default:
      return effect.do;
  }
}

const SHUT: DoorInput = { type: 'seen', open: false };
const OPEN: DoorInput = { type: 'seen', open: true };
const FULL: DoorInput = { type: 'seen', open: false, occupied: true };
const EMPTY: DoorInput = { type: 'seen', open: false, occupied: false };
const TIME: DoorInput = { type: 'time' };
const order = (purpose: Purpose = 'deposit', lives = seconds(60)): DoorInput => ({
  type: 'order',
  order: { id: 'o', purpose, expiresAt: plus(START, lives) },
});
const pulse = (result: 'taken' | 'refused' | 'unknown', attempt = 1): DoorInput => ({
  type: 'pulse',
  order: 'o',
  attempt,
  result,
});
const say = (answer: 'done' | 'cancel' | 'again'): DoorInput => ({ type: 'answer', order: 'o', answer });

type Row = readonly [
  what: string,
  make: DoorMake,
  script: readonly (readonly [number, DoorInput])[],
  told: readonly string[],
  hold: string | undefined,
  free: boolean,
];

describe('a door', () => {
  it.each<Row>([
    [
      'that is filled with a sensor watching',
      ALL,
      [
        [0, order()],
        [100, pulse('taken')],
        [200, OPEN],
        [9_000, FULL],
      ],
      ['pulse 1', 'opened!', 'end stored!'],
      undefined,
      true,
    ],
    [
      'that is emptied with a sensor watching',
      ALL,
      [
        [0, order('collect')],
        [200, OPEN],
        [9_000, EMPTY],
      ],
      ['pulse 1', 'opened!', 'end collected!'],
      undefined,
      true,
    ],
    [
      'whose pulse was taken is not open for that',
      CONTACT,
      [
        [0, order()],
        [100, pulse('taken')],
      ],
      ['pulse 1'],
      undefined,
      false,
    ],
    [
      'that is shut at once: ask',
      ALL,
      [
        [0, order()],
        [200, OPEN],
        [1_500, FULL],
        [10, say('done')],
      ],
      ['pulse 1', 'opened!', 'ask', 'end stored!'],
      undefined,
      true,
    ],
    [
      'that is shut empty: ask, and open once more',
      ALL,
      [
        [0, order()],
        [200, OPEN],
        [5_000, EMPTY],
        [10, say('again')],
        [200, OPEN],
        [5_000, EMPTY],
        [10, say('again')],
        [10, say('done')],
      ],
      ['pulse 1', 'opened!', 'ask', 'pulse 1', 'opened!', 'ask last', 'end stored?'],
      undefined,
      true,
    ],
    [
      'that is cancelled is for staff to look into',
      ALL,
      [
        [0, order()],
        [200, OPEN],
        [5_000, EMPTY],
        [10, say('cancel')],
      ],
      ['pulse 1', 'opened!', 'ask', 'end cancelled', 'alert-staff cancelled'],
      'cancelled',
      false,
    ],
    [
      'nobody says anything of: for staff',
      CONTACT,
      [
        [0, order()],
        [200, OPEN],
        [5_000, SHUT],
        [31_000, TIME],
      ],
      ['pulse 1', 'opened!', 'ask', 'end unclear', 'alert-staff unclear'],
      'unclear',
      false,
    ],
    [
      'that does not open: once more, then another',
      CONTACT,
      [
        [0, order()],
        [100, pulse('taken')],
        [5_000, TIME],
        [100, pulse('taken', 2)],
        [5_000, TIME],
      ],
      ['pulse 1', 'pulse 2', 'end not-opened', 'another-door', 'alert-staff did-not-open'],
      'did-not-open',
      false,
    ],
    [
      'that opens the second time',
      CONTACT,
      [
        [0, order()],
        [5_000, TIME],
        [200, OPEN],
        [5_000, SHUT],
      ],
      ['pulse 1', 'pulse 2', 'opened!', 'ask'],
      undefined,
      false,
    ],
    [
      'that does not open for what lies in it: no other door',
      CONTACT,
      [
        [0, order('collect')],
        [5_000, TIME],
        [5_000, TIME],
      ],
      ['pulse 1', 'pulse 2', 'end not-opened', 'alert-staff did-not-open'],
      'did-not-open',
      false,
    ],
    [
      'is not pulsed again when its order has expired',
      CONTACT,
      [
        [0, order('deposit', seconds(3))],
        [5_000, TIME],
      ],
      ['pulse 1', 'end not-opened', 'another-door', 'alert-staff did-not-open'],
      'did-not-open',
      false,
    ],
    [
      'whose pulse may have been given is waited for',
      CONTACT,
      [
        [0, order()],
        [100, pulse('unknown')],
        [200, OPEN],
      ],
      ['pulse 1', 'opened!'],
      undefined,
      false,
    ],
    [
      'whose pulse was refused is pulsed again at once',
      CONTACT,
      [
        [0, order()],
        [100, pulse('refused')],
        [100, pulse('refused', 2)],
      ],
      ['pulse 1', 'pulse 2', 'end not-opened', 'another-door', 'alert-staff did-not-open'],
      'did-not-open',
      false,
    ],
    [
      'whose contact falls silent is not pulsed on a guess',
      CONTACT,
      [
        [0, order()],
        [100, { type: 'seen' }],
        [5_000, TIME],
      ],
      ['pulse 1', 'end unclear', 'alert-staff unclear'],
      'unclear',
      false,
    ],
    [
      'that stays open: remind, then staff, and it is nobody’s',
      CONTACT,
      [
        [0, order()],
        [200, OPEN],
        [30_000, TIME],
        [20_000, TIME],
        [130_000, TIME],
        [5_000, TIME],
      ],
      ['pulse 1', 'opened!', 'remind', 'remind', 'alert-staff not-closed', 'remind'],
      undefined,
      false,
    ],
    [
      'that opens by itself: alarm, and staff before anybody gets it',
      CONTACT,
      [
        [0, OPEN],
        [5_000, SHUT],
      ],
      ['alarm opened-without-order', 'alert-staff opened-without-order'],
      'opened-without-order',
      false,
    ],
    [
      'that opens by itself while its user is asked',
      CONTACT,
      [
        [0, order()],
        [200, OPEN],
        [5_000, SHUT],
        [100, OPEN],
      ],
      ['pulse 1', 'opened!', 'ask', 'end unclear', 'alarm opened-without-order', 'alert-staff opened-without-order'],
      'opened-without-order',
      false,
    ],
    [
      'staff have looked into is free',
      CONTACT,
      [
        [0, OPEN],
        [5_000, SHUT],
        [9_000, { type: 'checked' }],
      ],
      ['alarm opened-without-order', 'alert-staff opened-without-order'],
      undefined,
      true,
    ],
    [
      'that stands open is not free for being looked into',
      CONTACT,
      [
        [0, OPEN],
        [9_000, { type: 'checked' }],
      ],
      ['alarm opened-without-order', 'alert-staff opened-without-order'],
      'opened-without-order',
      false,
    ],
    [
      'without contacts: the pulse, then the word of who stands there',
      BLIND,
      [
        [0, order()],
        [100, pulse('taken')],
        [8_000, say('done')],
      ],
      ['pulse 1', 'opened?', 'ask', 'end stored?'],
      undefined,
      true,
    ],
    [
      'without contacts and without an answer of its board',
      BLIND,
      [
        [0, order()],
        [100, pulse('unknown')],
      ],
      ['pulse 1', 'end unclear', 'alert-staff unclear'],
      'unclear',
      false,
    ],
    [
      'staff open',
      CONTACT,
      [
        [0, order('service')],
        [200, OPEN],
        [500, SHUT],
      ],
      ['pulse 1', 'opened!', 'end served!'],
      undefined,
      true,
    ],
    [
      'whose power goes in mid-pulse is read, and not pulsed',
      CONTACT,
      [
        [0, order()],
        [100, { type: 'restart' }],
        [60_000, TIME],
        [10, OPEN],
      ],
      [
        'pulse 1',
        'end interrupted',
        'read',
        'alert-staff unclear',
        'alarm opened-without-order',
        'alert-staff found-open',
      ],
      'found-open',
      false,
    ],
    [
      'that is shut when the power comes back and was nobody’s',
      CONTACT,
      [
        [0, { type: 'restart' }],
        [100, SHUT],
      ],
      ['read'],
      undefined,
      true,
    ],
    [
      'takes no order before it is read',
      CONTACT,
      [
        [0, { type: 'restart' }],
        [100, order()],
      ],
      ['read', 'end refused'],
      undefined,
      false,
    ],
    ['takes no order that has expired', CONTACT, [[61_000, order()]], ['end refused'], undefined, true],
    [
      'takes no second order',
      CONTACT,
      [
        [0, order()],
        [10, order('collect')],
      ],
      ['pulse 1', 'end refused'],
      undefined,
      false,
    ],
  ])('%s', (_what, make, script, told, hold, free) => {
    const outcome = play(make, script);
    expect(outcome.told).toEqual(told);
    expect([outcome.door.hold, outcome.free]).toEqual([hold, free]);
  });

  it('whose contact says that it is open is pulsed all the same, and nothing is concluded', () => {
    const rules = { make: CONTACT, times: DOOR_TIMES };
    const { told, door } = play(CONTACT, [
      [0, OPEN],
      [5_000, order('service')],
    ]);
    expect(told.at(-1)).toBe('end refused');
    // Found open, shut by hand, and its wire broken: resting, and open for all that the contact says.
    const resting: Door = { ...door, stage: { at: 'resting' }, open: true };
    const step = stepDoor(resting, order('service'), START, rules);
    expect(step.effects.map(words)).toEqual(['pulse 1']);
    const taken = stepDoor(step.door, pulse('taken'), START, rules);
    expect(taken.effects.map(words)).toEqual(['opened?', 'ask']);
  });

  it('says when it wants to hear of the time', () => {
    expect(dueAt(play(CONTACT, []).door, DOOR_TIMES)).toBeUndefined();
    expect(dueAt(play(CONTACT, [[0, order()]]).door, DOOR_TIMES)).toBe(START + DOOR_TIMES.opensWithin);
    expect(
      dueAt(
        play(CONTACT, [
          [0, order()],
          [0, OPEN],
        ]).door,
        DOOR_TIMES,
      ),
    ).toBe(START + DOOR_TIMES.remindAfter);
  });
});
