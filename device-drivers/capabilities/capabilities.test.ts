import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { capabilityNames as promised } from '@hallhub/firmware-profiles/schema';
import { capabilityShapes } from './index.ts';

describe('capabilities', () => {
  it('are the ones that a profile may promise', () => {
    expect(Object.keys(capabilityShapes).sort()).toEqual([...promised].sort());
  });

  it.each(Object.entries(capabilityShapes))('%s says of each command when it is done', (_name, { commands }) => {
    for (const [command, { done }] of Object.entries<{ done: object }>(commands)) {
      expect(Object.keys(done), command).not.toEqual([]);
    }
  });

  it('have names for commands and calls that do not collide', () => {
    for (const [name, { commands, calls }] of Object.entries(capabilityShapes)) {
      const both = Object.keys(commands).filter((command) => command in calls);
      expect(both, name).toEqual([]);
    }
  });

  it('refuse arguments that make no sense', () => {
    const { args } = capabilityShapes.barrier.commands.open;
    expect(z.safeParse(args, { hold: 700, direction: 'in' }).success).toBe(true);
    expect(z.safeParse(args, { hold: -1, direction: 'in' }).success).toBe(false);
    expect(z.safeParse(args, { hold: 700, direction: 'up' }).success).toBe(false);
  });
});
