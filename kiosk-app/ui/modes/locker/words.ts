import type { LockerOrderView, LockerPassView, Size } from '@hallhub/hub/lockers/contract';
import type { Text } from '@hallhub/hub/web/kit/i18n.ts';
import type { IconName } from '../../kit/icons.ts';

export const SIZE: Readonly<Record<Size, { readonly name: Text; readonly hint: Text }>> = {
  small: { name: { zh: '小格', en: 'Small' }, hint: { zh: '信封、几页文件', en: 'An envelope, a few sheets' } },
  medium: { name: { zh: '中格', en: 'Medium' }, hint: { zh: '文件袋、几本书', en: 'A document bag, some books' } },
  large: { name: { zh: '大格', en: 'Large' }, hint: { zh: '文件盒、包裹', en: 'A file box, a parcel' } },
};

export const PURPOSE: Readonly<Record<LockerPassView['purpose'], { readonly icon: IconName; readonly name: Text }>> = {
  deposit: { icon: 'put-in', name: { zh: '存件', en: 'Drop off' } },
  collect: { icon: 'take-out', name: { zh: '取件', en: 'Collect' } },
  return: { icon: 'take-out', name: { zh: '取回退件', en: 'Take back what was returned' } },
};

interface Face {
  readonly tone: 'good' | 'bad' | 'wait';
  readonly icon: IconName;
  readonly title: Text;
  readonly text: Text;
}

const STAFF: Text = {
  zh: '系统会提示工作人员；急需办理请到人工窗口。',
  en: 'The staff are being told. If it is urgent, please ask at the counter.',
};
const withStaff = (said: Text): Text => ({
  zh: [said.zh, STAFF.zh].join('\n'),
  en: [said.en, STAFF.en].join('\n'),
});
const SERVED: Face = {
  tone: 'good',
  icon: 'done',
  title: { zh: '已完成', en: 'Done' },
  text: { zh: '格口已关好', en: 'The compartment is shut' },
};

const FACES: Readonly<Record<NonNullable<LockerOrderView['outcome']>, Face>> = {
  stored: {
    tone: 'good',
    icon: 'done',
    title: { zh: '已存入', en: 'It is stored' },
    text: { zh: '交接已记录，您可以离开了', en: 'The handover is on record; you may go' },
  },
  collected: {
    tone: 'good',
    icon: 'done',
    title: { zh: '已取件', en: 'Collected' },
    text: { zh: '交接已记录，请带好您的物品', en: 'The handover is on record; please take your things with you' },
  },
  served: SERVED,
  'not-opened': {
    tone: 'bad',
    icon: 'warn',
    title: { zh: '柜门没有打开', en: 'The door did not open' },
    text: withStaff({
      zh: '已试过两次，该格口停用待查，里面的物品不会交给别人。',
      en: 'It was tried twice. The compartment is out of use until somebody has looked; nobody else gets what is inside.',
    }),
  },
  refused: {
    tone: 'bad',
    icon: 'warn',
    title: { zh: '这次没有开门', en: 'No door was opened' },
    text: {
      zh: '格口此刻不能打开，没有任何改变，可以再试一次。',
      en: 'The compartment cannot be opened now. Nothing has changed; you may try again.',
    },
  },
  cancelled: {
    tone: 'wait',
    icon: 'warn',
    title: { zh: '已取消', en: 'Cancelled' },
    text: { zh: '没有记录交接，您可以再试一次。', en: 'No handover is on record. You may try again.' },
  },
  unclear: {
    tone: 'bad',
    icon: 'warn',
    title: { zh: '需要工作人员核实', en: 'Staff must look at this' },
    text: withStaff({
      zh: '无法确定物品是否在柜内，该格口已停用，不会交给别人。',
      en: 'It is not certain whether it lies inside. Nobody is given this compartment until somebody has looked.',
    }),
  },
  interrupted: {
    tone: 'bad',
    icon: 'warn',
    title: { zh: '开门过程中断了', en: 'It was interrupted' },
    text: withStaff({
      zh: '柜机刚刚断电或重启。请先把打开的门关好，再试一次。',
      en: 'The cabinet has just restarted. Please shut any open door first, then try again.',
    }),
  },
};

/** An end as it is shown. */
export const endOf = ({ outcome, purpose }: LockerOrderView): Face => {
  if (outcome === 'not-opened' && purpose === 'deposit')
    return {
      ...FACES['not-opened'],
      text: withStaff({
        zh: '没有别的空闲格口可以替换，您的物品请先带好。',
        en: 'No other compartment can take its place. Please keep your things with you.',
      }),
    };
  return outcome === undefined ? SERVED : FACES[outcome];
};
