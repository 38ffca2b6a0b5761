import fc from 'fast-check';
import { expect, test } from 'vitest';
import { wavFile } from '../../test/engine/wav-file.ts';
import { NS_PER_SECOND } from '../core/time.ts';
import { audioNsIn, SoundMeter } from './sound-meter.ts';

/** MPEG 1 layer III, 128 kbit/s, 44.1 kHz: 417 bytes that play 1152 samples; with `isPadded` one more. */
function mp3Frame(isPadded = false): Buffer {
  const frame = Buffer.alloc(isPadded ? 418 : 417);
  frame.set([0xff, 0xfb, isPadded ? 0x92 : 0x90, 0x64]);
  return frame;
}

const FRAME_NS = Math.round((1152 / 44_100) * NS_PER_SECOND);
const ID3 = Buffer.from('49443304000000000007000102030405ff', 'hex');
const MP3 = Buffer.concat([mp3Frame(), mp3Frame(true), mp3Frame()]);

/** With a chunk before the sound, and one behind it. */
function wavWithChunks(): Buffer {
  const plain = wavFile(0.25);
  const list = Buffer.from('LIST\x05\x00\x00\x00abcde\x00', 'latin1');
  return Buffer.concat([plain.subarray(0, 36), list, plain.subarray(36), list]);
}

/** As servers stream it: nobody knows yet how long it will be. */
function streamedWav(saidBytes: number): Buffer {
  const file = wavFile(0.25);
  file.writeUInt32LE(saidBytes, 40);
  return file;
}

const FILES: readonly (readonly [string, Buffer, number])[] = [
  ['a WAV file', wavFile(0.25), 0.25 * NS_PER_SECOND],
  ['a WAV file with other chunks', wavWithChunks(), 0.25 * NS_PER_SECOND],
  ['a streamed WAV file of no length', streamedWav(0), 0.25 * NS_PER_SECOND],
  ['a streamed WAV file of endless length', streamedWav(0xff_ff_ff_ff), 0.25 * NS_PER_SECOND],
  ['an MP3 file', MP3, 3 * FRAME_NS],
  ['an MP3 file with tags', Buffer.concat([ID3, MP3, Buffer.from(`TAG${'x'.repeat(125)}`)]), 3 * FRAME_NS],
  ['an MP3 file with something else in it', Buffer.concat([MP3, Buffer.from('what is this?')]), NaN],
  ['an Ogg file', Buffer.from('OggS, more of it'), NaN],
  ['an AAC file', Buffer.from('fff150800000', 'hex'), NaN],
  ['a RIFF file that is no WAV', Buffer.from('RIFFxxxxAVI LIST'), NaN],
  ['nothing', Buffer.alloc(0), NaN],
];

test.each(FILES)('%s is as long as it is', (_what, file, wantedNs) => {
  expect(audioNsIn(file)).toBe(wantedNs);
});

test('a file reads the same however it comes', () => {
  const files = FILES.map(([, file]) => file);
  const meter = new SoundMeter();
  fc.assert(
    fc.property(fc.constantFrom(...files), fc.array(fc.nat(2000), { maxLength: 8 }), (file, places) => {
      meter.reset(NaN);
      let from = 0;
      const starts = places.map((place) => Math.min(place, file.length)).sort((a, b) => a - b);
      for (const end of [...starts, file.length]) {
        meter.add(file, from, end);
        from = end;
      }
      expect([meter.bytes, meter.audioNs]).toEqual([file.length, audioNsIn(file)]);
    }),
  );
});

test('there is sound as soon as a byte of it is there, and not before', () => {
  const file = wavWithChunks();
  const meter = new SoundMeter();
  meter.reset(NaN);
  const heard = Array.from(file, (_, at) => meter.add(file, at, at + 1));
  expect(heard.indexOf(true)).toBe(44 + 14);
  meter.reset(48_000);
  expect(meter.add(Buffer.alloc(1), 0, 1)).toBe(true);
});
