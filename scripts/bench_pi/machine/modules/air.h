/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Included in Debian's snd-aloop (aloop.c) by scripts/bench_pi/machine/build: the air of a room between loudspeaker and
 * microphone. Whatever is captured has a quiet noise in it, some 17 units of 32,768 (-66 dBFS), as every living
 * microphone hears; it is put in where sound is captured, so that the recorder alone holds both ends. For 16 bits.
 */
static void air(char *captured, unsigned int bytes)
{
	static u32 state = 1;
	s16 *sample = (s16 *)captured;

	for (; bytes >= sizeof(*sample); bytes -= sizeof(*sample), sample++) {
		state = state * 1664525 + 1013904223;
		*sample = clamp(*sample + (s32)((state >> 24) % 61) - 30, S16_MIN, S16_MAX);
	}
}
