import type { EntryView } from '../../api/types.ts';
import type { Text } from './i18n.ts';

interface Mark {
  readonly tone: 'good' | 'bad' | 'wait' | 'calm';
  readonly text: Text;
}

const MARKS: Readonly<Record<EntryView['state'], Mark>> = {
  refused: { tone: 'bad', text: { zh: '未放行', en: 'Refused' } },
  releasing: { tone: 'wait', text: { zh: '正在开闸', en: 'Opening' } },
  released: { tone: 'wait', text: { zh: '已开闸，待通过', en: 'Open, not yet through' } },
  passed: { tone: 'good', text: { zh: '已通过', en: 'Went through' } },
  lapsed: { tone: 'calm', text: { zh: '开闸后未通过', en: 'Did not go through' } },
  unconfirmed: { tone: 'calm', text: { zh: '已开闸，通过未确认', en: 'Opened; passage not confirmed' } },
  blocked: { tone: 'bad', text: { zh: '闸机未动作', en: 'Gate did not open' } },
  free: { tone: 'calm', text: { zh: '自由通行', en: 'Walked through while open' } },
  unexpected: { tone: 'bad', text: { zh: '未授权通过', en: 'Passage without release' } },
};

/** How the state of an entry is shown, on every page that shows one. */
export const entryMark = (state: EntryView['state']): Mark => MARKS[state];
