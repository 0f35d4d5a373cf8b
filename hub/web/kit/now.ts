import type { Ref } from 'vue';
import { onScopeDispose, ref } from 'vue';

/** The page's clock, once a second. Ends with the component. */
export function useNow(): Readonly<Ref<number>> {
  const now = ref(Date.now());
  const timer = setInterval(() => {
    now.value = Date.now();
  }, 1_000);
  onScopeDispose(() => {
    clearInterval(timer);
  });
  return now;
}
