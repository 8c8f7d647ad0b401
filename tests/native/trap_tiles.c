/* Tile registers for a processor that has none: preloaded by test_native_tile_instructions.py, this carries out each
   tile instruction of AMX when the processor refuses it. Written from the processor's manual alone, apart from
   native/core/emulated_tiles.cc, so that the two and the compiled instructions check each other. */

#define _GNU_SOURCE
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

/* plumline::can_run(Isa): AMX too. */
int _ZN8plumline7can_runENS_3IsaE(int isa) { return isa >= 0; }

static __thread struct {
  int configured;
  int rows[8], bytes[8];
  uint8_t data[8][16][64];
} state;

static long trapped;
long count_trapped(void) { return trapped; }

static int off_by; /* what is wrong with every product: PLUMLINE_TEST_WRONG_TILES */

static void die(const char *why) {
  if (write(2, why, strlen(why)) < 0) _exit(4);
  _exit(3);
}

static const int kRegister[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                  REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

struct instruction {
  int opcode, prefix; /* none, 66, F3, F2 */
  int reg, rm, vvvv, mod;
  uint8_t *memory;
  int64_t stride;
  int length;
};

static struct instruction decode(const greg_t *registers) {
  const uint8_t *at = (const uint8_t *)registers[REG_RIP];
  struct instruction i = {0};
  if (at[0] != 0xC4 || (at[1] & 0x1F) != 2 || (at[2] & 0x84) != 0) die("not a tile instruction\n");
  const int high_x = !(at[1] & 0x40) * 8, high_b = !(at[1] & 0x20) * 8;
  i.vvvv = ~at[2] >> 3 & 15;
  i.prefix = at[2] & 3;
  i.opcode = at[3];
  i.mod = at[4] >> 6;
  i.reg = at[4] >> 3 & 7;
  i.rm = at[4] & 7;
  i.length = 5;
  if (i.mod == 3) return i;
  int64_t address;
  if (i.rm == 4) {
    const int sib = at[i.length++];
    const int base = (sib & 7) + high_b, index = (sib >> 3 & 7) + high_x;
    if ((sib & 7) == 5 && i.mod == 0) die("an address without base\n");
    address = registers[kRegister[base]];
    i.stride = index == 4 ? 0 : registers[kRegister[index]] << (sib >> 6);
  } else if (i.rm == 5 && i.mod == 0) {
    address = (int64_t)at + i.length + 4; /* relative to the next instruction; the displacement follows below */
  } else {
    address = registers[kRegister[i.rm + high_b]];
  }
  if (i.mod == 1) {
    address += (int8_t)at[i.length];
    i.length += 1;
  } else if (i.mod == 2 || (i.mod == 0 && i.rm == 5)) {
    int32_t displacement;
    memcpy(&displacement, at + i.length, 4);
    address += displacement;
    i.length += 4;
  }
  i.memory = (uint8_t *)address;
  return i;
}

static void configure(const uint8_t *config) {
  if (config[0] != 1 || config[1] != 0) die("palette\n");
  for (int i = 2; i < 16; ++i)
    if (config[i]) die("reserved bytes\n");
  for (int i = 32; i < 48; ++i)
    if (config[i]) die("reserved bytes\n");
  memset(&state, 0, sizeof(state));
  for (int t = 0; t < 8; ++t) {
    state.bytes[t] = config[16 + 2 * t] | config[17 + 2 * t] << 8;
    state.rows[t] = config[48 + t];
    if (state.bytes[t] > 64 || state.rows[t] > 16) die("a tile is too large\n");
  }
  state.configured = 1;
}

static float bf16(const uint8_t *at) {
  const uint32_t bits = (uint32_t)(at[0] | at[1] << 8) << 16;
  float x;
  memcpy(&x, &bits, 4);
  return fpclassify(x) == FP_SUBNORMAL ? copysignf(0, x) : x;
}

static float flush(float x) { return fpclassify(x) == FP_SUBNORMAL ? copysignf(0, x) : x; }

static float dot_bf16(float sum, const uint8_t *a, const uint8_t (*b)[64], int n, int quads) {
  float part[2] = {0, 0};
  for (int k = 0; k < 2 * quads; ++k)
    part[k % 2] = flush(fmaf(bf16(a + 2 * k), bf16(b[k / 2] + 4 * n + 2 * (k % 2)), part[k % 2]));
  return flush(flush(sum) + flush(part[0] + part[1]));
}

static int32_t dot_int8(int32_t sum, const uint8_t *a, const uint8_t (*b)[64], int n, int quads, int prefix) {
  const int a_signed = prefix == 2 || prefix == 3, b_signed = prefix == 1 || prefix == 3;
  for (int k = 0; k < 4 * quads; ++k) {
    const int x = a_signed ? (int8_t)a[k] : a[k];
    const uint8_t byte = b[k / 4][4 * n + k % 4];
    const int y = b_signed ? (int8_t)byte : byte;
    sum = (int32_t)((uint32_t)sum + (uint32_t)(x * y));
  }
  return sum;
}

static void product(const struct instruction *i) {
  const int c = i->reg, a = i->rm, b = i->vvvv;
  if (b > 7 || c == a || c == b || a == b || state.rows[a] != state.rows[c] || state.bytes[b] != state.bytes[c] ||
      state.bytes[a] != 4 * state.rows[b])
    die("tiles that do not fit\n");
  for (int m = 0; m < state.rows[c]; ++m) {
    for (int n = 0; n < state.bytes[c] / 4; ++n) {
      uint8_t *sum = state.data[c][m] + 4 * n;
      float real;
      int32_t whole;
      memcpy(&real, sum, 4);
      memcpy(&whole, sum, 4);
      real = dot_bf16(real, state.data[a][m], state.data[b], n, state.rows[b]);
      whole = off_by + dot_int8(whole, state.data[a][m], state.data[b], n, state.rows[b], i->prefix);
      memcpy(sum, i->opcode == 0x5C ? (void *)&real : (void *)&whole, 4);
    }
  }
}

static void move(const struct instruction *i) {
  const int t = i->reg;
  if (i->mod == 3 || i->rm != 4) die("a tile without a stride\n");
  if (i->prefix == 3) memset(state.data[t], 0, sizeof(state.data[t]));
  for (int row = 0; row < state.rows[t]; ++row) {
    uint8_t *memory = i->memory + row * i->stride;
    if (i->prefix == 3)
      memcpy(state.data[t][row], memory, (size_t)state.bytes[t]);
    else
      memcpy(memory, state.data[t][row], (size_t)state.bytes[t]);
  }
}

static void carry_out(int number, siginfo_t *info, void *context) {
  (void)number, (void)info;
  greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  const struct instruction i = decode(registers);
  const int is_configuration = i.opcode == 0x49 && i.prefix == 0;
  if (!is_configuration && !state.configured) die("tiles are not configured\n");
  if (is_configuration && i.mod != 3)
    configure(i.memory);
  else if (is_configuration)
    state.configured = 0;
  else if (i.opcode == 0x49 && i.prefix == 3 && i.mod == 3)
    memset(state.data[i.reg], 0, sizeof(state.data[i.reg]));
  else if (i.opcode == 0x4B && i.prefix >= 2)
    move(&i);
  else if (i.mod == 3 && (i.opcode == 0x5E || (i.opcode == 0x5C && i.prefix == 2)))
    product(&i);
  else
    die("an unknown tile instruction\n");
  registers[REG_RIP] += i.length;
  __atomic_fetch_add(&trapped, 1, __ATOMIC_RELAXED);
}

__attribute__((constructor)) static void begin(void) {
  struct sigaction action = {0};
  action.sa_sigaction = carry_out;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGILL, &action, NULL);
  off_by = getenv("PLUMLINE_TEST_WRONG_TILES") != NULL;
}
