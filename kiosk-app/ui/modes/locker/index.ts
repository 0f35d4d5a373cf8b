import { defineMode } from '../mode.ts';
import LockerScreens from './LockerScreens.vue';

export const lockerMode = defineMode({
  name: 'locker',
  tile: {
    title: { zh: '存件取件', en: 'Drop off or collect' },
    hint: { zh: '凭取件码、二维码或证件开柜', en: 'Open a compartment by code, QR or card' },
    icon: 'locker',
  },
  needsPerson: false,
  screens: LockerScreens,
  steps: [
    { zh: '验证', en: 'Identify' },
    { zh: '选择', en: 'Choose' },
    { zh: '开门', en: 'Open' },
    { zh: '确认', en: 'Confirm' },
  ],
  withoutHub: {
    zh: '与中心的连接已中断，此前已批准的存取件仍可办理',
    en: 'The hub is away. What was approved before can still be dropped off and collected',
  },
});
