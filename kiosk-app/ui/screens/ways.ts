import type { IdentifyWay, ReaderKind } from '@hallhub/hub/kiosks/contract';
import type { Text } from '@hallhub/hub/web/kit/i18n.ts';
import type { IconName } from '../kit/icons.ts';

interface WayFace {
  readonly icon: IconName;
  readonly title: Text;
  readonly hint: Text;
  /** What is held where; absent where something is typed. */
  readonly hold?: { readonly reader: ReaderKind; readonly text: Text };
}

export const WAYS: Readonly<Record<IdentifyWay, WayFace>> = {
  'resident-id': {
    icon: 'id-card',
    title: { zh: '身份证', en: 'Resident ID card' },
    hint: { zh: '平放在读卡区', en: 'Lay it on the reader' },
    hold: {
      reader: 'resident-id',
      text: {
        zh: '请将身份证平放在下方读卡区，听到提示音后取回',
        en: 'Lay the card flat on the reader below, and take it back at the tone',
      },
    },
  },
  'campus-card': {
    icon: 'card',
    title: { zh: '校园卡', en: 'Campus card' },
    hint: { zh: '贴近读卡区', en: 'Hold it to the reader' },
    hold: {
      reader: 'campus-card',
      text: { zh: '请将校园卡贴近下方读卡区', en: 'Hold the campus card to the reader below' },
    },
  },
  'campus-code': {
    icon: 'qr',
    title: { zh: '手机校园码', en: 'Phone QR code' },
    hint: { zh: '对准扫码窗', en: 'Hold it to the scanner' },
    hold: {
      reader: 'scanner',
      text: {
        zh: '请打开校园码，屏幕朝下对准扫码窗，距离约 10 厘米',
        en: 'Open your campus code and hold the screen 10 cm before the scanner’s window',
      },
    },
  },
  'pick-up-code': {
    icon: 'keypad',
    title: { zh: '取件码', en: 'Pick-up code' },
    hint: { zh: '无需手机和证件', en: 'Neither phone nor card needed' },
  },
  'one-time-code': {
    icon: 'number',
    title: { zh: '学号＋验证码', en: 'Student number' },
    hint: { zh: '验证码发到您预留的联系方式', en: 'The code is sent to where you are reached' },
  },
};
