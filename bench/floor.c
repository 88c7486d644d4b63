/*
 * floor - the least an OCPP-J server can do on one core with kernel TCP: epoll, WebSocket
 * upgrade, recv, unmask, find the id and the action, send an answer. No JSON parsing, no checks.
 * The yardstick the gateway's cost per message is divided by.
 *
 * `python -m bench` builds and runs it. By hand:
 *        gcc -O2 -Wall -Wextra -o build/floor floor.c            build/floor PORT
 *        gcc -O2 -Wall -Wextra -DWITH_TLS -o build/floor-tls floor.c -lssl -lcrypto
 *        build/floor-tls PORT CERT KEY
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef WITH_TLS
#include <openssl/err.h>
#include <openssl/ssl.h>
static SSL_CTX *tls;
#endif

struct conn {
    int fd, up;
    char *rx;
    uint32_t rx_len;
#ifdef WITH_TLS
    SSL *ssl;
#endif
};

static int ep;
static char in[1 << 16], out[4096];

static uint32_t rol(uint32_t x, int n) { return x << n | x >> (32 - n); }
static void sha1(const char *msg, size_t n, unsigned char *digest)    /* n < 120 */
{
    uint32_t h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0}, w[80];
    unsigned char b[128] = {0};
    size_t len = n < 56 ? 64 : 128;
    memcpy(b, msg, n);
    b[n] = 0x80, b[len - 2] = (unsigned char)(n * 8 >> 8), b[len - 1] = (unsigned char)(n * 8);
    for (size_t o = 0; o < len; o += 64) {
        for (int i = 0; i < 16; i++) memcpy(&w[i], b + o + i * 4, 4), w[i] = ntohl(w[i]);
        for (int i = 16; i < 80; i++) w[i] = rol(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        uint32_t a = h[0], bb = h[1], c = h[2], d = h[3], e = h[4];
        for (int i = 0; i < 80; i++) {
            uint32_t f = i < 20 ? (bb & c) | (~bb & d) : i < 40 ? bb ^ c ^ d : i < 60 ? (bb & c) | (bb & d) | (c & d) : bb ^ c ^ d;
            uint32_t k = i < 20 ? 0x5A827999 : i < 40 ? 0x6ED9EBA1 : i < 60 ? 0x8F1BBCDC : 0xCA62C1D6;
            uint32_t t = rol(a, 5) + f + e + k + w[i];
            e = d, d = c, c = rol(bb, 30), bb = a, a = t;
        }
        h[0] += a, h[1] += bb, h[2] += c, h[3] += d, h[4] += e;
    }
    for (int i = 0; i < 5; i++) h[i] = htonl(h[i]);
    memcpy(digest, h, 20);
}

static void b64(char *o, const unsigned char *s, size_t n)
{
    static const char A[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)s[i] << 16 | (uint32_t)(i + 1 < n ? s[i + 1] : 0) << 8 | (i + 2 < n ? s[i + 2] : 0);
        *o++ = A[v >> 18], *o++ = A[v >> 12 & 63];
        *o++ = i + 1 < n ? A[v >> 6 & 63] : '=', *o++ = i + 2 < n ? A[v & 63] : '=';
    }
    *o = 0;
}

static void drop(struct conn *c)
{
#ifdef WITH_TLS
    if (c->ssl) SSL_free(c->ssl);
#endif
    close(c->fd), free(c->rx), free(c);
}

static ssize_t io_send(struct conn *c, const char *p, size_t n)
{
#ifdef WITH_TLS
    if (c->ssl) return SSL_write(c->ssl, p, (int)n);
#endif
    return send(c->fd, p, n, MSG_NOSIGNAL);
}

static ssize_t io_recv(struct conn *c, char *p, size_t n)
{
#ifdef WITH_TLS
    if (c->ssl) {
        int k = SSL_read(c->ssl, p, (int)n);
        if (k > 0) return k;
        int e = SSL_get_error(c->ssl, k);
        ERR_clear_error();
        return e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE ? (errno = EAGAIN, -1) : 0;
    }
#endif
    return recv(c->fd, p, n, 0);
}

static void answer(struct conn *c, char *p, size_t n)
{
    char *end = p + n, *id = memchr(p, '"', n), *q, *act;
    if (!id || !(q = memchr(id + 1, '"', (size_t)(end - id - 1))) || q - id > 64) return;
    if (!(act = memchr(q + 1, '"', (size_t)(end - q - 1)))) return;
    const char *tail = ",{}]";
    if (act[1] == 'B') tail = ",{\"status\":\"Accepted\",\"currentTime\":\"2026-11-23T12:00:00.000Z\",\"interval\":300}]";
    else if (act[1] == 'H') tail = ",{\"currentTime\":\"2026-11-23T12:00:00.000Z\"}]";
    size_t idn = (size_t)(q + 1 - id), tn = strlen(tail), len = 3 + idn + tn, h = len < 126 ? 2 : 4;
    out[0] = (char)0x81, out[1] = (char)(len < 126 ? len : 126), out[2] = 0, out[3] = (char)len;
    memcpy(out + h, "[3,", 3), memcpy(out + h + 3, id, idn), memcpy(out + h + 3 + idn, tail, tn);
    if (io_send(c, out, h + len) < 0 && errno != EAGAIN) perror("send");
}

static size_t upgrade(struct conn *c, char *p, size_t n)
{
    char *end = memmem(p, n, "\r\n\r\n", 4), key[128], proto[64] = "ocpp1.6", acc[64], *k;
    unsigned char d[20];
    if (!end) return 0;
    *end = 0;
    if (!(k = strcasestr(p, "sec-websocket-key: "))) return 0;
    snprintf(key, sizeof key, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", k + 19);
    if ((k = strcasestr(p, "sec-websocket-protocol: "))) sscanf(k + 24, "%60[^,\r\n ]", proto);
    sha1(key, strlen(key), d), b64(acc, d, 20);
    int len = snprintf(out, sizeof out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                       "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: %s\r\n\r\n", acc, proto);
    io_send(c, out, (size_t)len);
    c->up = 1;
    return (size_t)(end + 4 - p);
}

/* -1: the connection is gone */
static int readable(struct conn *c)
{
    size_t have = c->rx_len, used = 0;
    if (have) memcpy(in, c->rx, have);
    ssize_t k = io_recv(c, in + have, sizeof in - have);
    if (k < 0 && errno == EAGAIN) return 0;
    if (k <= 0) return drop(c), -1;
    size_t n = have + (size_t)k;
    if (!c->up) used = upgrade(c, in, n);
    while (c->up && n - used >= 6) {
        unsigned char *h = (unsigned char *)in + used;
        size_t len = h[1] & 127, head = 6, i = 0;
        if (len == 126) {
            head = 8;
            if (n - used < 8) break;
            len = (size_t)h[2] << 8 | h[3];
        } else if (len == 127) return drop(c), -1;
        if (n - used < head + len) break;
        uint32_t key;
        memcpy(&key, h + head - 4, 4);
        uint64_t key8 = (uint64_t)key << 32 | key, w;
        char *p = (char *)h + head;
        for (; i + 8 <= len; i += 8) memcpy(&w, p + i, 8), w ^= key8, memcpy(p + i, &w, 8);
        for (; i < len; i++) p[i] ^= ((char *)&key)[i & 3];
        used += head + len;
        if (h[0] == 0x81) answer(c, p, len);
        else if (h[0] == 0x88) return drop(c), -1;
    }
    if (used < n) c->rx = realloc(c->rx, n - used), memcpy(c->rx, in + used, n - used), c->rx_len = (uint32_t)(n - used);
    else if (c->rx) free(c->rx), c->rx = NULL, c->rx_len = 0;
    return 1;
}

int main(int argc, char **argv)
{
    struct rlimit rl = {1000000, 1000000};
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argc > 1 ? argv[1] : "9000"))};
    static struct epoll_event ev[512];
    int one = 1, ls = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setrlimit(RLIMIT_NOFILE, &rl);
    inet_pton(AF_INET, "127.0.0.1", &a.sin_addr);
    setsockopt(ls, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(ls, (struct sockaddr *)&a, sizeof a) || listen(ls, 4096)) return perror("bind"), 1;
#ifdef WITH_TLS
    if (argc > 3) {
        tls = SSL_CTX_new(TLS_server_method());
        if (SSL_CTX_use_certificate_chain_file(tls, argv[2]) != 1 || SSL_CTX_use_PrivateKey_file(tls, argv[3], SSL_FILETYPE_PEM) != 1)
            return ERR_print_errors_fp(stderr), 1;
        SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
    }
#endif
    ep = epoll_create1(0);
    struct epoll_event e = {.events = EPOLLIN};
    epoll_ctl(ep, EPOLL_CTL_ADD, ls, &e);
    for (;;) {
        int k = epoll_wait(ep, ev, 512, -1);
        for (int i = 0; i < k; i++) {
            struct conn *c = ev[i].data.ptr;
            if (c) {
                int r = readable(c);
#ifdef WITH_TLS
                while (r > 0 && c->ssl) r = readable(c);
#endif
                (void)r;
                continue;
            }
            for (int fd; (fd = accept4(ls, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
                c = calloc(1, sizeof *c), c->fd = fd;
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
#ifdef WITH_TLS
                if (tls) c->ssl = SSL_new(tls), SSL_set_fd(c->ssl, fd), SSL_set_accept_state(c->ssl);
#endif
                struct epoll_event ce = {.events = EPOLLIN, .data.ptr = c};
                epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ce);
            }
        }
    }
}
