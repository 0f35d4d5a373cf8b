import type { Ref } from 'vue';
import { onScopeDispose, ref, watch } from 'vue';
import type { BoardView } from '../../../queue/contract.ts';
import type { Announcer } from './announcer.ts';
import { hear, said, silent } from './announcer.ts';

/** What cannot be played in this time past its length is given up, so that nothing waits behind a dead sound. Milliseconds. */
const GRACE = 3_000;

/** Plays announcements one after the other. `isMuted`: the browser lets no page make a sound before it is touched. */
export function useSpeaker(view: Readonly<Ref<BoardView | undefined>>): { readonly isMuted: Readonly<Ref<boolean>> } {
  const isMuted = ref(false);
  let state: Announcer = silent;
  let sound: HTMLAudioElement | undefined;
  let giveUp: ReturnType<typeof setTimeout> | undefined;
  let pause: ReturnType<typeof setTimeout> | undefined;

  function play(): void {
    const { saying } = state;
    if (sound || !saying?.audio) return;
    const playing = new Audio(saying.audio);
    sound = playing;
    const end = (): void => {
      if (sound !== playing) return;
      clearTimeout(giveUp);
      clearTimeout(pause);
      sound.pause();
      sound = undefined;
      state = said(state);
      play();
    };
    const begun = performance.now();
    // People need a moment before they can take in the next number.
    playing.addEventListener('ended', () => {
      pause = setTimeout(end, Math.max(0, saying.lasts - (performance.now() - begun)));
    });
    playing.addEventListener('error', end);
    giveUp = setTimeout(end, saying.lasts + GRACE);
    playing.play().then(
      () => {
        isMuted.value = false;
      },
      (error: unknown) => {
        isMuted.value = error instanceof DOMException && error.name === 'NotAllowedError';
        end();
      },
    );
  }
  watch(
    view,
    (seen) => {
      if (!seen) return;
      state = hear(state, seen);
      play();
    },
    { immediate: true },
  );
  onScopeDispose(() => {
    clearTimeout(giveUp);
    clearTimeout(pause);
    sound?.pause();
    sound = undefined;
  });
  return { isMuted };
}
