import type { RolloutView, TargetView } from '../../../api/types.ts';
import type { Text } from '../../kit/i18n.ts';

interface Mark {
  readonly tone: 'good' | 'bad' | 'wait' | 'calm';
  readonly text: Text;
}

const ROLLOUT: Readonly<Record<RolloutView['state'], Mark>> = {
  running: { tone: 'wait', text: { zh: '进行中', en: 'Under way' } },
  paused: { tone: 'calm', text: { zh: '已暂停', en: 'Paused' } },
  halted: { tone: 'bad', text: { zh: '因故障停止', en: 'Halted by failures' } },
  done: { tone: 'good', text: { zh: '已结束', en: 'Finished' } },
  cancelled: { tone: 'calm', text: { zh: '已取消', en: 'Cancelled' } },
};
const STOPPING: Mark = { tone: 'wait', text: { zh: '正在取消', en: 'Being cancelled' } };

export const rolloutMark = ({ state, over }: Pick<RolloutView, 'state' | 'over'>): Mark =>
  state === 'cancelled' && !over ? STOPPING : ROLLOUT[state];

export const TARGET: Readonly<Record<TargetView['state'], Mark>> = {
  waiting: { tone: 'calm', text: { zh: '等待', en: 'Waiting' } },
  sending: { tone: 'wait', text: { zh: '传送中', en: 'Sending' } },
  installing: { tone: 'wait', text: { zh: '安装中', en: 'Installing' } },
  done: { tone: 'good', text: { zh: '已升级', en: 'Updated' } },
  failed: { tone: 'bad', text: { zh: '失败', en: 'Failed' } },
  skipped: { tone: 'calm', text: { zh: '已跳过', en: 'Skipped' } },
  cancelled: { tone: 'calm', text: { zh: '已取消', en: 'Cancelled' } },
};

export function sizeText(bytes: number): string {
  return bytes < 1_048_576 ? `${Math.ceil(bytes / 1024)} KB` : `${(bytes / 1_048_576).toFixed(1)} MB`;
}
