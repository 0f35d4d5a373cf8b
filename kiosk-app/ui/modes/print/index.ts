import { defineMode } from '../mode.ts';
import PrintScreens from './PrintScreens.vue';
import { PRINT_TITLE, printerFault } from './fault.ts';

export const printMode = defineMode({
  name: 'print',
  tile: {
    title: PRINT_TITLE,
    hint: { zh: '在读证明、成绩单等，批准后即可打印', en: 'Enrolment, transcripts and others, once approved' },
    icon: 'print',
  },
  needsPerson: true,
  screens: PrintScreens,
  steps: [
    { zh: '验证', en: 'Identify' },
    { zh: '选择', en: 'Choose' },
    { zh: '预览', en: 'Preview' },
    { zh: '打印', en: 'Print' },
    { zh: '取件', en: 'Take' },
  ],
  fault: printerFault,
});
