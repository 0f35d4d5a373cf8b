import type { Ref } from 'vue';
import { computed, ref, watch } from 'vue';
import { me } from '../../app/session.ts';

/**
 * What somebody does at a counter: all that can be done there, or what they chose of it the last time. Kept in this browser for each
 * counter and person, for two who share a counter need not know the same.
 */
export function useSkills(counter: string, offers: Readonly<Ref<readonly string[]>>) {
  const name = (): string => `hallhub.skills.${counter}.${me.value?.id ?? ''}`;
  /** What is not done by whoever sits here, so that a service that is new to the counter is done. */
  const kept = (): Set<string> => new Set((localStorage.getItem(name()) ?? '').split(' ').filter((id) => id !== ''));
  const left = ref(kept());
  // A page that was loaded anew learns who sits here after it was drawn.
  watch(
    () => me.value?.id,
    () => {
      left.value = kept();
    },
    { flush: 'sync' },
  );
  const chosen = computed(() => offers.value.filter((id) => !left.value.has(id)));
  return {
    /** Nothing is chosen before it is known whose choice it was. */
    offers: computed(() => (me.value ? offers.value : [])),
    chosen,
    /** What the hub is told: nothing where all is done. */
    some: computed(() => {
      const { length } = chosen.value;
      return length > 0 && length < offers.value.length ? chosen.value : undefined;
    }),
    turn: (service: string): void => {
      const next = new Set(left.value);
      if (!next.delete(service)) next.add(service);
      left.value = next;
    },
    keep: (): void => {
      if (offers.value.length === 0) return;
      localStorage.setItem(name(), offers.value.filter((id) => left.value.has(id)).join(' '));
    },
  };
}
