import { defineCodes } from '@hallhub/sync/base';

export const voiceCodes = defineCodes({
  'E-VOICE-0101': { zh: '语音文件不是可用的 WAV', en: 'A sound file is no WAV that can be used' },
  'E-VOICE-0102': { zh: '语音片段的采样率不一致', en: 'The clips of a voice pack differ in their sample rate' },
  'E-VOICE-0201': {
    zh: '无法播报：没有语音包，也未安装语音合成（apt install espeak-ng）',
    en: 'Nothing can be said: no voice pack has the text, and no speech synthesis is installed (apt install espeak-ng)',
  },
  'E-VOICE-0202': { zh: '语音合成失败', en: 'Speech synthesis failed' },
  'E-VOICE-0301': {
    zh: '无法播放：未安装播放程序（apt install alsa-utils 或 pulseaudio-utils）',
    en: 'Nothing can be played: no player is installed (apt install alsa-utils or pulseaudio-utils)',
  },
  'E-VOICE-0302': { zh: '声音输出设备故障', en: 'The audio output does not play' },
  'E-VOICE-0303': { zh: '播报被中止', en: 'The announcement was stopped before its end' },
});
