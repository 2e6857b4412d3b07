/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Included in Debian's gpio-sim.c by scripts/bench_pi/machine/build: wires between lines, as the lamp's drawing in
 * docs/hardware.md has them. While the first line of a pair is driven high, the second reads low.
 *
 *   wires=23,5,24,6,25,12     writable: a broken light is a pair that is taken out
 */
static int wires[16];
static int wire_ends;
module_param_array(wires, int, &wire_ends, 0644);

static void gpio_sim_wires(struct gpio_sim_chip *chip)
{
	for (int i = 0; i + 1 < wire_ends; i += 2) {
		bool lit = !test_bit(wires[i], chip->direction_map) && test_bit(wires[i], chip->value_map);

		__assign_bit(wires[i + 1], chip->value_map, !lit);
	}
}
