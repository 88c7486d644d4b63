/*
 * load - a load generator for OCPP-J servers (OCPP 1.6 and 2.0.1 over WebSocket).
 *
 * One thread, one epoll loop. It plays N charging stations: each connects, upgrades to WebSocket,
 * sends BootNotification, and then either
 *   closed loop  the first W stations each send their next CALL as soon as the last is answered
 *                (finds the greatest rate), or
 *   open loop    every station sends one CALL each T seconds, the stations spread evenly over T
 *                (finds the latency at a given rate; latency counts from the time a CALL was due,
 *                so a server that stalls is charged for the wait), or
 *   idle         the stations only stay connected (memory per connection).
 *
 * Client frames are masked with a fresh key, as RFC 6455 asks. Each answer must be a CALLRESULT
 * with the id of the station's outstanding CALL. Server pings are answered; a CALL from the server
 * is answered with {"status":"Accepted"}. Prints one line of JSON, and on standard error the lines
 * "measuring" and "measured" at the two ends of the measured interval.
 *
 * `python -m bench` builds and runs it. By hand:
 *         gcc -O2 -Wall -Wextra -o build/load load.c                (ws:// only)
 *         gcc -O2 -Wall -Wextra -DWITH_TLS -o build/load-tls load.c -lssl -lcrypto
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#ifdef WITH_TLS
#include <openssl/err.h>
#include <openssl/ssl.h>
#endif

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

/* ------------------------------------------------------------------ options */

enum mode { CLOSED, OPEN, IDLE };

static struct {
    const char *host, *path, *proto, *auth, *payload, *label;
    int port, n, active, inflight, per_src, pids, pid[64];
    double ramp, duration, warmup, settle, period, connect_timeout;
    enum mode mode;
    bool tls;
} opt = {
    .host = "127.0.0.1", .port = 9000, .path = "/ocpp/CP%06d", .proto = "ocpp1.6", .payload = "mv1",
    .label = "", .n = 100, .active = 0, .inflight = 256, .per_src = 20000, .ramp = 0, .duration = 5,
    .warmup = 1, .settle = 0.5, .period = 60, .connect_timeout = 60, .mode = CLOSED,
};

/* ------------------------------------------------------------------ payloads
 * A message is a template: @ID@ becomes the 36 characters of the CALL's id, @TS@ the time now to the
 * second with the CALL's number as its milliseconds (no two of a station's messages share a time),
 * @NUM@ eight digits that change from message to message (a meter that runs), @ST@ the station's
 * number in six digits and @RUN@ four hex digits of this process. */

#define ID_LEN 36
#define NUM_LEN 8
#define MAX_NUMS 8
#define ST_LEN 6
#define MAX_MARKS 4

struct msg {
    const char *text;           /* as written below */
    char body[4096];            /* with the time filled in, id and numbers left open */
    int len, id_off, nums, num_off[MAX_NUMS];
    int stations, station_off[MAX_MARKS], times, ms_off[MAX_MARKS];
};

#define SV16(meas, unit, rest) \
    "{\"value\":\"@NUM@\",\"context\":\"Sample.Periodic\",\"format\":\"Raw\",\"measurand\":\"" meas \
    "\"" rest ",\"unit\":\"" unit "\"}"
#define SV201(meas, unit, rest) \
    "{\"value\":1@NUM@.5,\"context\":\"Sample.Periodic\",\"measurand\":\"" meas "\"" rest \
    ",\"unitOfMeasure\":{\"unit\":\"" unit "\"}}"
#define EIGHT(SV) \
    SV("Energy.Active.Import.Register", "Wh", ",\"location\":\"Outlet\"") "," \
    SV("Power.Active.Import", "W", ",\"location\":\"Outlet\"") "," \
    SV("Current.Import", "A", ",\"phase\":\"L1\",\"location\":\"Outlet\"") "," \
    SV("Current.Import", "A", ",\"phase\":\"L2\",\"location\":\"Outlet\"") "," \
    SV("Current.Import", "A", ",\"phase\":\"L3\",\"location\":\"Outlet\"") "," \
    SV("Voltage", "V", ",\"phase\":\"L1-N\",\"location\":\"Outlet\"") "," \
    SV("Voltage", "V", ",\"phase\":\"L2-N\",\"location\":\"Outlet\"") "," \
    SV("Voltage", "V", ",\"phase\":\"L3-N\",\"location\":\"Outlet\"")
#define MV16(samples) \
    "[2,\"@ID@\",\"MeterValues\",{\"connectorId\":1,\"transactionId\":1@ST@,\"meterValue\":" \
    "[{\"timestamp\":\"@TS@\",\"sampledValue\":[" samples "]}]}]"
#define MV201(samples) \
    "[2,\"@ID@\",\"MeterValues\",{\"evseId\":1,\"meterValue\":" \
    "[{\"timestamp\":\"@TS@\",\"sampledValue\":[" samples "]}]}]"
#define TX201(samples) \
    "[2,\"@ID@\",\"TransactionEvent\",{\"eventType\":\"Updated\",\"timestamp\":\"@TS@\"," \
    "\"triggerReason\":\"MeterValuePeriodic\",\"seqNo\":1@NUM@,\"transactionInfo\":{\"transactionId\":" \
    "\"5b1f8a4e-@RUN@-4b57-9f43-2f1f3a@ST@\",\"chargingState\":\"Charging\"},\"evse\":{\"id\":1," \
    "\"connectorId\":1},\"meterValue\":[{\"timestamp\":\"@TS@\",\"sampledValue\":[" samples "]}]}]"
#define MV1_16 "{\"value\":\"@NUM@\",\"measurand\":\"Energy.Active.Import.Register\",\"unit\":\"Wh\"}"

enum { BOOT, MV1, MV8, HEARTBEAT, STATUS, TX8, NMSG };
static const char *const names[NMSG] = {"boot", "mv1", "mv8", "heartbeat", "status", "tx8"};

static struct msg msgs16[NMSG] = {
    [BOOT] = {.text = "[2,\"@ID@\",\"BootNotification\",{\"chargePointVendor\":\"Loadgen\",\"chargePointModel\":"
                      "\"Model-22\",\"chargePointSerialNumber\":\"SN@NUM@\",\"firmwareVersion\":\"1.6.3\"}]"},
    [MV1] = {.text = MV16(MV1_16)},
    [MV8] = {.text = MV16(EIGHT(SV16))},
    [HEARTBEAT] = {.text = "[2,\"@ID@\",\"Heartbeat\",{}]"},
    [STATUS] = {.text = "[2,\"@ID@\",\"StatusNotification\",{\"connectorId\":1,\"errorCode\":\"NoError\","
                        "\"status\":\"Charging\",\"timestamp\":\"@TS@\"}]"},
    [TX8] = {.text = MV16(EIGHT(SV16))},
};
static struct msg msgs201[NMSG] = {
    [BOOT] = {.text = "[2,\"@ID@\",\"BootNotification\",{\"reason\":\"PowerUp\",\"chargingStation\":{\"model\":"
                      "\"Model-22\",\"vendorName\":\"Loadgen\",\"serialNumber\":\"SN@NUM@\","
                      "\"firmwareVersion\":\"2.0.3\"}}]"},
    [MV1] = {.text = MV201("{\"value\":1@NUM@.5,\"measurand\":\"Energy.Active.Import.Register\"}")},
    [MV8] = {.text = MV201(EIGHT(SV201))},
    [HEARTBEAT] = {.text = "[2,\"@ID@\",\"Heartbeat\",{}]"},
    [STATUS] = {.text = "[2,\"@ID@\",\"StatusNotification\",{\"timestamp\":\"@TS@\",\"connectorStatus\":"
                        "\"Occupied\",\"evseId\":1,\"connectorId\":1}]"},
    [TX8] = {.text = TX201(EIGHT(SV201))},
};
static struct msg *msgs;

/* Fill in the time and note where id and numbers go. Called at start and then ten times a second. */
static void render(struct msg *m, const char *ts)
{
    char *o = m->body;
    m->nums = m->stations = m->times = 0;
    for (const char *p = m->text; *p;) {
        if (!strncmp(p, "@ID@", 4)) {
            m->id_off = (int)(o - m->body), memset(o, '0', ID_LEN), o += ID_LEN, p += 4;
        } else if (!strncmp(p, "@NUM@", 5)) {
            if (m->nums < MAX_NUMS) m->num_off[m->nums++] = (int)(o - m->body);
            memset(o, '0', NUM_LEN), o += NUM_LEN, p += 5;
        } else if (!strncmp(p, "@TS@", 4)) {
            o += sprintf(o, "%s", ts), p += 4;
            if (m->times < MAX_MARKS) m->ms_off[m->times++] = (int)(o - m->body) - 4;
        } else if (!strncmp(p, "@ST@", 4)) {
            if (m->stations < MAX_MARKS) m->station_off[m->stations++] = (int)(o - m->body);
            memset(o, '0', ST_LEN), o += ST_LEN, p += 4;
        } else if (!strncmp(p, "@RUN@", 5)) {
            o += sprintf(o, "%04x", (unsigned)getpid() & 0xffff), p += 5;
        } else {
            *o++ = *p++;
        }
    }
    m->len = (int)(o - m->body);
}

static void render_all(void)
{
    struct timespec t;
    struct tm tm;
    char ts[64];
    clock_gettime(CLOCK_REALTIME, &t);
    gmtime_r(&t.tv_sec, &tm);
    size_t k = strftime(ts, sizeof ts, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(ts + k, sizeof ts - k, ".%03ldZ", t.tv_nsec / 1000000);
    for (int i = 0; i < NMSG; i++) render(&msgs[i], ts);
}

/* ------------------------------------------------------------------ stations */

enum state { ST_NONE, ST_CONNECTING, ST_TLS, ST_UPGRADE, ST_BOOT, ST_READY, ST_DEAD };

struct conn {
    int fd;
    uint8_t state;
    bool want_out, waiting;     /* EPOLLOUT is on; a CALL is unanswered */
    uint32_t seq;               /* number of the last CALL sent */
    uint64_t t_sent;            /* when that CALL was sent, or was due */
    uint64_t due;               /* open loop: how many CALLs of this station have come due */
    uint64_t done;              /* open loop: how many have been sent */
    char *rx, *tx;              /* bytes kept for later: an incomplete frame; an unfinished send */
    uint32_t rx_len, tx_len;
#ifdef WITH_TLS
    SSL *ssl;
#endif
};

static struct conn *conns;
static int ep;
static uint64_t t_begin_load;   /* open loop: when station 0 is first due */
static bool loading, measuring;

static struct {
    uint64_t sent, answered, measured, callerrors, wrong_ids, server_calls, pings, protocol_errors;
    uint64_t disconnects, connect_failures, bytes_out, bytes_in, overdue;
    int established, started, booted, in_flight;
    char first_error[200];
} st;

static void oops(const char *fmt, ...)
{
    va_list ap;
    if (st.first_error[0]) return;
    va_start(ap, fmt);
    vsnprintf(st.first_error, sizeof st.first_error, fmt, ap);
    va_end(ap);
    for (char *p = st.first_error; *p; p++)
        if (*p == '"' || *p == '\\' || (unsigned char)*p < 32) *p = '\'';
}

static inline uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t rng_state = 0x9E3779B97F4A7C15u;
static inline uint32_t rnd(void)
{
    rng_state ^= rng_state << 13, rng_state ^= rng_state >> 7, rng_state ^= rng_state << 17;
    return (uint32_t)(rng_state >> 16);
}

/* Latency histogram in the manner of HdrHistogram: 128 steps to each power of two (under 0.8 % off). */
#define SUB 7
static uint64_t hist[64 << SUB], hist_max;
static inline void hist_add(uint64_t ns)
{
    int e = ns < (1u << SUB) ? 0 : 63 - __builtin_clzll(ns) - SUB + 1;
    hist[((uint64_t)e << SUB) + (e ? (ns >> (e - 1)) - (1u << SUB) : ns)]++;
    if (ns > hist_max) hist_max = ns;
}
static double hist_us(double q)
{
    uint64_t total = 0, seen = 0;
    for (size_t i = 0; i < sizeof hist / sizeof *hist; i++) total += hist[i];
    uint64_t want = (uint64_t)ceil(q * (double)total);
    for (size_t i = 0; total && i < sizeof hist / sizeof *hist; i++)
        if ((seen += hist[i]) >= want) {
            uint64_t e = i >> SUB, v = i & ((1u << SUB) - 1);
            uint64_t ns = e ? (((v + (1u << SUB)) << (e - 1)) + ((1ull << (e - 1)) >> 1)) : v;
            return (double)(ns < hist_max ? ns : hist_max) / 1e3;
        }
    return 0;
}

/* The id of a station's CALL number seq, in the shape of a UUID. */
static void make_id(char *o, uint32_t station, uint32_t seq)
{
    static const char hex[] = "0123456789abcdef";
    memcpy(o, "00000000-0000-4000-8000-000000000000", ID_LEN);
    for (int i = 7; i >= 0; i--, station >>= 4) o[i] = hex[station & 15];
    for (int i = 35; i >= 28; i--, seq >>= 4) o[i] = hex[seq & 15];
}

/* ------------------------------------------------------------------ sending and receiving */

static void interest(struct conn *c, bool out)
{
    struct epoll_event ev = {.events = EPOLLIN | (out ? EPOLLOUT : 0), .data.ptr = c};
    if (c->want_out != out) epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &ev), c->want_out = out;
}

static void drop(struct conn *c, const char *why)
{
    if (c->state == ST_DEAD) return;
    if (c->state == ST_READY) st.disconnects++, st.established--;
    else st.connect_failures++, st.in_flight--;
    oops("station %d, state %d: %s", (int)(c - conns), c->state, why);
    c->state = ST_DEAD;
#ifdef WITH_TLS
    if (c->ssl) SSL_free(c->ssl), c->ssl = NULL;
#endif
    close(c->fd);
    free(c->rx), free(c->tx), c->rx = c->tx = NULL, c->rx_len = c->tx_len = 0;
}

/* As send and recv: bytes moved, 0 at the end, -1 with errno (EAGAIN: later). */
static ssize_t io_send(struct conn *c, const void *p, size_t n)
{
#ifdef WITH_TLS
    if (c->ssl) {
        ERR_clear_error();
        int k = SSL_write(c->ssl, p, (int)n);
        if (k > 0) return k;
        int e = SSL_get_error(c->ssl, k);
        return errno = e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE ? EAGAIN : EPROTO, -1;
    }
#endif
    return send(c->fd, p, n, MSG_NOSIGNAL);
}

static ssize_t io_recv(struct conn *c, void *p, size_t n)
{
#ifdef WITH_TLS
    if (c->ssl) {
        ERR_clear_error();
        int k = SSL_read(c->ssl, p, (int)n);
        if (k > 0) return k;
        int e = SSL_get_error(c->ssl, k);
        if (e == SSL_ERROR_ZERO_RETURN) return 0;
        return errno = e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE ? EAGAIN : EPROTO, -1;
    }
#endif
    return recv(c->fd, p, n, 0);
}

static void send_bytes(struct conn *c, const char *p, size_t n)
{
    ssize_t k = c->tx_len ? 0 : io_send(c, p, n);
    if (k < 0 && errno != EAGAIN) return drop(c, strerror(errno));
    if (k < 0) k = 0;
    st.bytes_out += n;
    if ((size_t)k == n) return;
    c->tx = realloc(c->tx, c->tx_len + n - (size_t)k);
    memcpy(c->tx + c->tx_len, p + k, n - (size_t)k);
    c->tx_len += (uint32_t)(n - (size_t)k);
    interest(c, true);
}

static void flush_tx(struct conn *c)
{
    ssize_t k = c->tx_len ? io_send(c, c->tx, c->tx_len) : 0;
    if (k < 0 && errno != EAGAIN) return drop(c, strerror(errno));
    if (k > 0) memmove(c->tx, c->tx + k, c->tx_len - (size_t)k), c->tx_len -= (uint32_t)k;
    if (!c->tx_len) free(c->tx), c->tx = NULL, interest(c, false);
}

/* One masked frame. The payload is at buf + 14 on entry; the header is put right before it. */
static char out[8192];
static void send_frame(struct conn *c, int opcode, size_t n)
{
    uint32_t key = rnd();
    uint64_t key8 = ((uint64_t)key << 32) | key, w;
    size_t head = n < 126 ? 6 : 8, i = 0;
    char *p = out + 14, *h = p - head;
    h[0] = (char)(0x80 | opcode);
    if (n < 126) h[1] = (char)(0x80 | n);
    else h[1] = (char)(0x80 | 126), h[2] = (char)(n >> 8), h[3] = (char)n;
    memcpy(p - 4, &key, 4);
    for (; i + 8 <= n; i += 8) memcpy(&w, p + i, 8), w ^= key8, memcpy(p + i, &w, 8);
    for (; i < n; i++) p[i] = (char)(p[i] ^ ((char *)&key)[i & 3]);
    send_bytes(c, h, head + n);
}

static void send_call(struct conn *c, int kind, uint64_t when)
{
    struct msg *m = &msgs[kind];
    char num[NUM_LEN], station[ST_LEN];
    uint32_t v = ++c->seq, s = (uint32_t)(c - conns);
    for (int i = NUM_LEN - 1; i >= 0; i--, v /= 10) num[i] = (char)('0' + v % 10);
    for (int i = ST_LEN - 1; i >= 0; i--, s /= 10) station[i] = (char)('0' + s % 10);
    memcpy(out + 14, m->body, (size_t)m->len);
    make_id(out + 14 + m->id_off, (uint32_t)(c - conns), c->seq);
    for (int i = 0; i < m->nums; i++) memcpy(out + 14 + m->num_off[i], num, NUM_LEN);
    for (int i = 0; i < m->stations; i++) memcpy(out + 14 + m->station_off[i], station, ST_LEN);
    for (int i = 0; i < m->times; i++) memcpy(out + 14 + m->ms_off[i], num + NUM_LEN - 3, 3);
    c->waiting = true, c->t_sent = when, st.sent++;
    send_frame(c, 1, (size_t)m->len);
}

static int mix_kind(void)       /* of 100 messages: 50 mv1, 25 mv8, 15 Heartbeat, 10 StatusNotification */
{
    uint32_t r = rnd() % 100;
    return r < 50 ? MV1 : r < 75 ? MV8 : r < 90 ? HEARTBEAT : STATUS;
}
static int fixed_kind = MV1;    /* -1: the mix */
static inline int pick_kind(void) { return fixed_kind >= 0 ? fixed_kind : mix_kind(); }

static uint64_t due_time(struct conn *c, uint64_t k)
{
    return t_begin_load + (uint64_t)(opt.period * 1e9 * ((double)(c - conns) / opt.n + (double)k));
}

static void booted(struct conn *c)
{
    c->state = ST_READY, st.established++, st.booted++, st.in_flight--;
}

static void on_answer(struct conn *c)
{
    uint64_t t = now_ns();
    c->waiting = false, st.answered++;
    if (c->state == ST_BOOT) return booted(c);
    if (measuring) hist_add(t > c->t_sent ? t - c->t_sent : 0), st.measured++;
    if (!loading) return;
    if (opt.mode == CLOSED) send_call(c, pick_kind(), t);
    else if (opt.mode == OPEN && c->done < c->due) send_call(c, pick_kind(), due_time(c, c->done)), c->done++;
}

/* One OCPP-J message: [type,"id",...]. */
static void on_text(struct conn *c, const char *p, size_t n)
{
    const char *end = p + n, *id, *q;
    char want[ID_LEN];
#define SKIP() while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) p++
    SKIP();
    if (p == end || *p++ != '[') goto bad;
    SKIP();
    if (p == end || *p < '2' || *p > '4') goto bad;
    int type = *p++ - '0';
    SKIP();
    if (p == end || *p++ != ',') goto bad;
    SKIP();
    if (p == end || *p++ != '"') goto bad;
    for (id = q = p; q < end && *q != '"'; q++)
        if (*q == '\\') q++;
    if (q >= end) goto bad;
    if (type == 2) {
        char *o = out + 14;
        if (q - id > 200) goto bad;
        st.server_calls++;
        size_t k = (size_t)sprintf(o, "[3,\"%.*s\",{\"status\":\"Accepted\"}]", (int)(q - id), id);
        return send_frame(c, 1, k);
    }
    make_id(want, (uint32_t)(c - conns), c->seq);
    if (!c->waiting || q - id != ID_LEN || memcmp(id, want, ID_LEN)) {
        st.wrong_ids++;
        return oops("station %d: not the id awaited: %.*s", (int)(c - conns), (int)(n < 120 ? n : 120), id - 4);
    }
    if (type == 4) {
        st.callerrors++;
        oops("CALLERROR: %.*s", (int)(n < 160 ? n : 160), end - n);
    }
    return on_answer(c);
bad:
    st.protocol_errors++;
    oops("not an OCPP-J message: %.*s", (int)(n < 120 ? n : 120), end - n);
}

/* Reads whole frames from p; returns how many bytes were used. */
static size_t on_frames(struct conn *c, char *p, size_t n)
{
    size_t used = 0;
    while (n - used >= 2 && c->state != ST_DEAD) {
        unsigned char *h = (unsigned char *)p + used;
        size_t len = h[1] & 127, head = 2;
        if (h[1] & 128) return drop(c, "masked frame from the server"), n;
        if (len == 126) head = 4;
        else if (len == 127) head = 10;
        if (n - used < head) break;
        if (head == 4) len = (size_t)h[2] << 8 | h[3];
        else if (head == 10) return drop(c, "frame too long"), n;
        if (n - used < head + len) break;
        char *body = p + used + head;
        used += head + len;
        switch (h[0]) {
        case 0x81: on_text(c, body, len); break;
        case 0x89:
            st.pings++;
            memcpy(out + 14, body, len);
            send_frame(c, 10, len);
            break;
        case 0x8a: break;
        case 0x88: return drop(c, "closed by the server"), n;
        default: st.protocol_errors++; return drop(c, "fragmented, compressed or binary frame"), n;
        }
    }
    return used;
}

/* ------------------------------------------------------------------ connecting */

static char *b64(char *o, const char *s, size_t n)
{
    static const char A[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)(unsigned char)s[i] << 16;
        if (i + 1 < n) v |= (uint32_t)(unsigned char)s[i + 1] << 8;
        if (i + 2 < n) v |= (unsigned char)s[i + 2];
        *o++ = A[v >> 18], *o++ = A[v >> 12 & 63];
        *o++ = i + 1 < n ? A[v >> 6 & 63] : '=', *o++ = i + 2 < n ? A[v & 63] : '=';
    }
    return *o = 0, o;
}

/* The nonce is RFC 6455's own example, so that the answer to it is known without SHA-1. */
#define WS_KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define WS_ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

static void send_upgrade(struct conn *c)
{
    char path[256], auth[512] = "", raw[256], req[1600];
    int station = (int)(c - conns);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(path, sizeof path, opt.path, station);
#pragma GCC diagnostic pop
    if (opt.auth) {             /* user: the station's name, the last part of the path */
        const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
        int k = snprintf(raw, sizeof raw, "%s:%s", name, opt.auth), h = sprintf(auth, "Authorization: Basic ");
        strcpy(b64(auth + h, raw, (size_t)k), "\r\n");
    }
    int k = snprintf(req, sizeof req,
                     "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Key: " WS_KEY "\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Protocol: %s\r\n%s\r\n", path, opt.host, opt.port, opt.proto, auth);
    c->state = ST_UPGRADE;
    send_bytes(c, req, (size_t)k);
}

static size_t on_upgrade(struct conn *c, char *p, size_t n)
{
    char *end = memmem(p, n, "\r\n\r\n", 4), want[128];
    if (!end) return n > 4096 ? drop(c, "no end of the HTTP head"), n : 0;
    end[2] = 0;
    if (strncmp(p, "HTTP/1.1 101", 12)) return drop(c, p), n;
    if (!strstr(p, WS_ACCEPT)) return drop(c, "wrong Sec-WebSocket-Accept"), n;
    snprintf(want, sizeof want, "Sec-WebSocket-Protocol: %s\r\n", opt.proto);
    if (!strcasestr(p, want)) return drop(c, "subprotocol not agreed"), n;
    c->state = ST_BOOT;
    send_call(c, BOOT, now_ns());
    return (size_t)(end + 4 - p);
}

#ifdef WITH_TLS
static SSL_CTX *tls_ctx;
static bool tls_step(struct conn *c)
{
    if (!c->ssl) {
        c->ssl = SSL_new(tls_ctx);
        SSL_set_fd(c->ssl, c->fd);
        SSL_set_connect_state(c->ssl);
    }
    ERR_clear_error();
    int k = SSL_do_handshake(c->ssl), e = k == 1 ? 0 : SSL_get_error(c->ssl, k);
    if (k == 1) return true;
    if (e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE) drop(c, "TLS handshake failed");
    else interest(c, e == SSL_ERROR_WANT_WRITE);
    return false;
}
#endif

static void start_connect(int i)
{
    struct conn *c = &conns[i];
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)opt.port)};
    struct sockaddr_in from = {.sin_family = AF_INET};
    int one = 1;
    st.started++, st.in_flight++, c->state = ST_CONNECTING;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) return drop(c, strerror(errno));
    inet_pton(AF_INET, opt.host, &to.sin_addr);
    if ((ntohl(to.sin_addr.s_addr) >> 24) == 127) {     /* more stations than one address has ports */
        from.sin_addr.s_addr = htonl(0x7f000002u + (uint32_t)(i / opt.per_src));
        setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
        if (bind(c->fd, (struct sockaddr *)&from, sizeof from)) return drop(c, strerror(errno));
    }
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(c->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) return drop(c, strerror(errno));
    struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
    epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev);
    c->want_out = true;
}

/* ------------------------------------------------------------------ events */

static char in[1 << 16];

static void on_readable(struct conn *c)
{
    for (;;) {
        size_t have = c->rx_len, used = 0;
        if (have) memcpy(in, c->rx, have);
        ssize_t k = io_recv(c, in + have, sizeof in - have);
        if (k < 0 && errno == EAGAIN) return;
        if (k <= 0) return drop(c, k ? strerror(errno) : "connection closed by the server");
        st.bytes_in += (uint64_t)k;
        size_t n = have + (size_t)k;
        if (c->state == ST_UPGRADE) used = on_upgrade(c, in, n);
        if (c->state >= ST_BOOT && c->state != ST_DEAD) used += on_frames(c, in + used, n - used);
        if (c->state == ST_DEAD) return;
        if (used < n) {
            if (n - used >= sizeof in) return drop(c, "message too long");
            c->rx = realloc(c->rx, n - used), memcpy(c->rx, in + used, n - used), c->rx_len = (uint32_t)(n - used);
        } else if (c->rx) {
            free(c->rx), c->rx = NULL, c->rx_len = 0;
        }
#ifdef WITH_TLS
        if (c->ssl) continue;   /* OpenSSL may hold more than epoll sees */
#endif
        return;
    }
}

static void on_event(struct conn *c, uint32_t ev)
{
    if (c->state == ST_DEAD) return;
    if (c->state == ST_CONNECTING) {
        int err = 0;
        socklen_t k = sizeof err;
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &k);
        if (err) return drop(c, strerror(err));
        if (!(ev & EPOLLOUT)) return;
        interest(c, false);
        c->state = opt.tls ? ST_TLS : ST_UPGRADE;
        if (!opt.tls) return send_upgrade(c);
    }
#ifdef WITH_TLS
    if (c->state == ST_TLS) {
        if (tls_step(c)) interest(c, false), send_upgrade(c);
        return;
    }
#endif
    if (ev & EPOLLOUT) flush_tx(c);
    if (c->state != ST_DEAD && (ev & (EPOLLIN | EPOLLERR | EPOLLHUP))) on_readable(c);
}

/* ------------------------------------------------------------------ the server's CPU time and memory */

struct usage { double user, sys, rss_kb; };

static struct usage server_usage(void)
{
    struct usage u = {0};
    char name[64], buf[4096], *p;
    FILE *f;
    double tick = (double)sysconf(_SC_CLK_TCK);
    for (int i = 0; i < opt.pids; i++) {
        unsigned long ut = 0, sy = 0;
        snprintf(name, sizeof name, "/proc/%d/stat", opt.pid[i]);
        if ((f = fopen(name, "r"))) {
            if (fgets(buf, sizeof buf, f) && (p = strrchr(buf, ')')))
                sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &ut, &sy);
            fclose(f);
        }
        u.user += (double)ut / tick, u.sys += (double)sy / tick;
        snprintf(name, sizeof name, "/proc/%d/status", opt.pid[i]);
        if ((f = fopen(name, "r"))) {
            while (fgets(buf, sizeof buf, f))
                if (!strncmp(buf, "VmRSS:", 6)) u.rss_kb += atof(buf + 6);
            fclose(f);
        }
    }
    return u;
}

static double own_cpu(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) + (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

/* ------------------------------------------------------------------ the run */

static void usage(const char *me)
{
    fprintf(stderr,
            "usage: %s [options]\n"
            "  --host A --port P        server (127.0.0.1 9000); on loopback the stations use 127.0.0.2 and up\n"
            "  --path T --proto S       path template and subprotocol (/ocpp/CP%%06d, ocpp1.6; ocpp2* sends 2.0.1)\n"
            "  --auth PASSWORD          HTTP Basic, user = the station's name\n"
            "  --tls                    wss:// (if built with it; the certificate is not checked)\n"
            "  -n N --ramp R            stations; connects begun per second (0: as fast as --inflight lets)\n"
            "  --inflight K             stations between connect and Boot answered at once (256)\n"
            "  --mode closed|open|idle  see the head of the source\n"
            "  --active W --period T    closed: stations that send (all); open: seconds between CALLs (60)\n"
            "  --payload K              mv1 mv8 heartbeat status tx8 mix\n"
            "  --settle S --warmup S --duration S --connect-timeout S\n"
            "  --server-pid PID[,PID]   also report the CPU time and memory of the server's processes\n"
            "  --label TEXT             copied to the output\n", me);
    exit(2);
}

static void parse(int argc, char **argv)
{
    static const struct option lo[] = {
        {"host", 1, 0, 'h'}, {"port", 1, 0, 'p'}, {"path", 1, 0, 'P'}, {"proto", 1, 0, 's'}, {"auth", 1, 0, 'a'},
        {"tls", 0, 0, 't'}, {"ramp", 1, 0, 'r'}, {"inflight", 1, 0, 'i'}, {"mode", 1, 0, 'm'},
        {"active", 1, 0, 'w'}, {"period", 1, 0, 'T'}, {"payload", 1, 0, 'k'}, {"settle", 1, 0, 'S'},
        {"warmup", 1, 0, 'W'}, {"duration", 1, 0, 'd'}, {"connect-timeout", 1, 0, 'C'},
        {"server-pid", 1, 0, 'q'}, {"label", 1, 0, 'l'}, {0, 0, 0, 0}};
    for (int o; (o = getopt_long(argc, argv, "n:", lo, NULL)) != -1;) switch (o) {
        case 'h': opt.host = optarg; break;
        case 'p': opt.port = atoi(optarg); break;
        case 'P': opt.path = optarg; break;
        case 's': opt.proto = optarg; break;
        case 'a': opt.auth = optarg; break;
        case 't': opt.tls = true; break;
        case 'n': opt.n = atoi(optarg); break;
        case 'r': opt.ramp = atof(optarg); break;
        case 'i': opt.inflight = atoi(optarg); break;
        case 'm': opt.mode = *optarg == 'o' ? OPEN : *optarg == 'i' ? IDLE : CLOSED; break;
        case 'w': opt.active = atoi(optarg); break;
        case 'T': opt.period = atof(optarg); break;
        case 'k': opt.payload = optarg; break;
        case 'S': opt.settle = atof(optarg); break;
        case 'W': opt.warmup = atof(optarg); break;
        case 'd': opt.duration = atof(optarg); break;
        case 'C': opt.connect_timeout = atof(optarg); break;
        case 'q':
            for (char *p = strtok(optarg, ","); p && opt.pids < 64; p = strtok(NULL, ",")) opt.pid[opt.pids++] = atoi(p);
            break;
        case 'l': opt.label = optarg; break;
        default: usage(argv[0]);
        }
    if (optind < argc || opt.n < 1 || opt.period <= 0) usage(argv[0]);
    if (opt.active <= 0 || opt.active > opt.n) opt.active = opt.n;
    msgs = !strncmp(opt.proto, "ocpp2", 5) ? msgs201 : msgs16;
    fixed_kind = -1;
    for (int i = 0; i < NMSG; i++)
        if (!strcmp(opt.payload, names[i])) fixed_kind = i;
    if (fixed_kind < 0 && strcmp(opt.payload, "mix")) usage(argv[0]);
#ifndef WITH_TLS
    if (opt.tls) fprintf(stderr, "built without TLS\n"), exit(2);
#endif
}

int main(int argc, char **argv)
{
    enum { CONNECT, SETTLE, WARM, MEASURE, DRAIN, END } phase = CONNECT;
    struct usage u_start, u_up, u_a = {0}, u_b = {0};
    double cpu_a = 0, cpu_b = 0, client_connect_cpu = 0, connect_s = 0;
    uint64_t t_phase, t_a = 0, t_b = 0, t_render = 0, lag_max = 0, next_due = 0;
    static struct epoll_event ev[512];

    parse(argc, argv);
    struct rlimit rl = {(rlim_t)opt.n + 100, (rlim_t)opt.n + 100}, cur;
    getrlimit(RLIMIT_NOFILE, &cur);
    if (cur.rlim_cur < rl.rlim_cur) {
        if (cur.rlim_max > rl.rlim_max) rl.rlim_max = cur.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &rl)) perror("setrlimit"), exit(1);
    }
#ifdef WITH_TLS
    tls_ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(tls_ctx, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_mode(tls_ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(tls_ctx, SSL_SESS_CACHE_OFF);
#endif
    conns = calloc((size_t)opt.n, sizeof *conns);
    ep = epoll_create1(EPOLL_CLOEXEC);
    rng_state ^= now_ns();
    render_all();
    u_start = u_up = server_usage();
    uint64_t t0 = t_phase = now_ns();

    while (phase != END) {
        uint64_t now = now_ns(), until = now + 20000000;
        if (now - t_render > 100000000) render_all(), t_render = now;

        /* begin connects */
        while (phase == CONNECT && st.started < opt.n && st.in_flight < opt.inflight) {
            uint64_t at = opt.ramp > 0 ? t0 + (uint64_t)(1e9 * st.started / opt.ramp) : 0;
            if (at > now) { if (at < until) until = at; break; }
            start_connect(st.started);
        }
        if (phase == CONNECT && ((st.started == opt.n && !st.in_flight) || now - t0 > opt.connect_timeout * 1e9)) {
            connect_s = (double)(now - t0) / 1e9, client_connect_cpu = own_cpu(), u_up = server_usage();
            phase = SETTLE, t_phase = now;
        }
        double in_phase = (double)(now - t_phase) / 1e9;
        if (phase == SETTLE && in_phase >= opt.settle) {
            u_up.rss_kb = server_usage().rss_kb;
            phase = WARM, t_phase = t_begin_load = now, loading = opt.mode != IDLE, in_phase = 0;
            for (int i = 0; opt.mode == CLOSED && i < opt.active; i++)
                if (conns[i].state == ST_READY) send_call(&conns[i], pick_kind(), now_ns());
        }
        if (phase == WARM && in_phase >= opt.warmup) {
            phase = MEASURE, t_phase = now, in_phase = 0, measuring = true;
            u_a = server_usage(), cpu_a = own_cpu(), t_a = now_ns(), lag_max = 0;
            fputs("measuring\n", stderr);
        }
        if (phase == MEASURE && in_phase >= opt.duration) {
            t_b = now_ns(), u_b = server_usage(), cpu_b = own_cpu();
            fputs("measured\n", stderr);
            phase = DRAIN, t_phase = now, in_phase = 0, loading = measuring = false;
            for (int i = 0; i < opt.n; i++) st.overdue += conns[i].due - conns[i].done;
        }
        if (phase == DRAIN) {
            int waiting = 0;
            for (int i = 0; i < opt.n; i++) waiting += conns[i].state == ST_READY && conns[i].waiting;
            if (!waiting || in_phase > 2) break;
        }

        /* open loop: due CALL number k belongs to station k mod n */
        while (loading && opt.mode == OPEN) {
            uint64_t at = t_begin_load + (uint64_t)(opt.period * 1e9 * ((double)next_due / opt.n));
            if (at > now) { if (at < until) until = at; break; }
            struct conn *c = &conns[next_due++ % (uint64_t)opt.n];
            if (c->state != ST_READY) continue;
            if (now - at > lag_max) lag_max = now - at;
            c->due++;
            if (!c->waiting) send_call(c, pick_kind(), at), c->done++;
        }

        now = now_ns();
        uint64_t wait = until > now ? until - now : 0;
        struct timespec ts = {(time_t)(wait / 1000000000u), (long)(wait % 1000000000u)};
        int k = epoll_pwait2(ep, ev, 512, &ts, NULL);
        for (int i = 0; i < k; i++) on_event(ev[i].data.ptr, ev[i].events);
    }

    int left = 0;
    for (int i = 0; i < opt.n; i++) left += conns[i].state == ST_READY && conns[i].waiting;
    double s = (double)(t_b - t_a) / 1e9, m = st.measured ? (double)st.measured : 1;
    printf("{\"label\":\"%s\",\"mode\":\"%s\",\"payload\":\"%s\",\"n\":%d,\"active\":%d,\"booted\":%d,\"connected\":%d,"
           "\"connect_s\":%.3f,\"connect_rate\":%.0f,\"connect_failures\":%" PRIu64,
           opt.label, opt.mode == CLOSED ? "closed" : opt.mode == OPEN ? "open" : "idle", opt.payload, opt.n,
           opt.active, st.booted, st.established, connect_s, st.booted / connect_s, st.connect_failures);
    printf(",\"seconds\":%.3f,\"messages\":%" PRIu64 ",\"rate\":%.0f,\"bytes_per_call\":%d,\"p50_us\":%.1f,"
           "\"p90_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f,\"lag_max_us\":%.1f",
           s, st.measured, (double)st.measured / s, fixed_kind >= 0 ? msgs[fixed_kind].len : 0, hist_us(.5),
           hist_us(.9), hist_us(.99), hist_us(.999), (double)hist_max / 1e3, (double)lag_max / 1e3);
    printf(",\"callerrors\":%" PRIu64 ",\"wrong_ids\":%" PRIu64 ",\"protocol_errors\":%" PRIu64 ",\"disconnects\":%"
           PRIu64 ",\"unanswered\":%d,\"overdue\":%" PRIu64 ",\"pings\":%" PRIu64 ",\"server_calls\":%" PRIu64,
           st.callerrors, st.wrong_ids, st.protocol_errors, st.disconnects, left, st.overdue, st.pings, st.server_calls);
    printf(",\"client_cpu\":%.3f,\"client_us_per_msg\":%.2f,\"client_connect_cpu_s\":%.3f",
           (cpu_b - cpu_a) / s, 1e6 * (cpu_b - cpu_a) / m, client_connect_cpu);
    if (opt.pids)
        printf(",\"server_cpu\":%.3f,\"server_us_per_msg\":%.2f,\"server_user_us\":%.2f,\"server_sys_us\":%.2f,"
               "\"connect_cpu_us\":%.1f,\"rss_before_kb\":%.0f,\"rss_up_kb\":%.0f,\"rss_after_kb\":%.0f,"
               "\"bytes_per_conn\":%.0f",
               (u_b.user + u_b.sys - u_a.user - u_a.sys) / s, 1e6 * (u_b.user + u_b.sys - u_a.user - u_a.sys) / m,
               1e6 * (u_b.user - u_a.user) / m, 1e6 * (u_b.sys - u_a.sys) / m,
               1e6 * (u_up.user + u_up.sys - u_start.user - u_start.sys) / (st.booted ? st.booted : 1),
               u_start.rss_kb, u_up.rss_kb, u_b.rss_kb,
               1024 * (u_up.rss_kb - u_start.rss_kb) / (st.booted ? st.booted : 1));
    printf(",\"error\":\"%s\"}\n", st.first_error);
    bool ok = st.booted == opt.n && !st.callerrors && !st.wrong_ids && !st.protocol_errors && !st.disconnects && !left;
    return ok ? 0 : 1;
}
