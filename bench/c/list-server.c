/* An S3 server that only lists one bucket: list-server PORT KEYS DELAY
 *
 * The bucket has KEYS pseudorandom keys of 32 hexadecimal digits, the same in each run. The server responds to each
 * request after DELAY milliseconds, with any number of requests at once, with up to a thousand keys after `start-after`
 * or `continuation-token`. It ignores signature, prefix and delimiter. It confirms each key of DeleteObjects and deletes
 * nothing; GET /requests returns the number of those requests since the last GET /requests. It has one thread, with epoll
 * and a queue of responses in the order of their due times, which is the order of the requests. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { DIGITS = 32, PAGE = 1000, CONNECTIONS = 4096, ENTRY = 320 };

struct connection {
    int descriptor;
    char *request;
    size_t received, room;
    char *answer;
    size_t length, sent;
};

struct due {
    double time;
    struct connection *connection;
    long first;
    long limit;
    char *body; /* an answer that is ready, and its length */
    size_t length;
};

static char (*keys)[DIGITS + 1];
static long count;
static double delay;
static struct due *queue;
static size_t queue_first, queue_last;
static struct connection *closed[CONNECTIONS];
static size_t closed_count;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static uint64_t random_bits(void) {
    static uint64_t state = 1;
    uint64_t bits = state += 0x9E3779B97F4A7C15;
    bits = (bits ^ bits >> 30) * 0xBF58476D1CE4E5B9;
    bits = (bits ^ bits >> 27) * 0x94D049BB133111EB;
    return bits ^ bits >> 31;
}

static int compare(const void *a, const void *b) { return memcmp(a, b, DIGITS); }

static void make_keys(void) {
    keys = malloc(count * sizeof *keys);
    for (long i = 0; i < count; i++) {
        uint64_t high = random_bits();
        snprintf(keys[i], sizeof keys[i], "%016lx%016lx", (unsigned long)high, (unsigned long)random_bits());
    }
    qsort(keys, count, sizeof *keys, compare);
}

/* The index of the first key after `key`. */
static long after(const char *key) {
    long low = 0, high = count;
    while (low < high) {
        long middle = (low + high) / 2;
        if (strcmp(key, keys[middle]) < 0) high = middle;
        else low = middle + 1;
    }
    return low;
}

/* The decoded value of a parameter in the request line; NULL if it is missing. */
static char *parameter(const char *line, const char *name, char *value, size_t size) {
    size_t length = strlen(name);
    for (const char *at = strchr(line, '?'); at && *at != ' '; at = strpbrk(at + 1, "& ")) {
        if (strncmp(at + 1, name, length) || at[1 + length] != '=') continue;
        size_t used = 0;
        for (at += 2 + length; *at != '&' && *at != ' ' && used + 1 < size; at++) {
            unsigned code;
            if (*at == '%' && sscanf(at + 1, "%2x", &code) == 1) {
                value[used++] = code;
                at += 2;
            } else {
                value[used++] = *at;
            }
        }
        value[used] = 0;
        return value;
    }
    return NULL;
}

static void fill_answer(struct connection *connection, const char *body, size_t length) {
    connection->answer = malloc(length + 256);
    int head = sprintf(
        connection->answer,
        "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nx-amz-request-id: 1\r\nContent-Length: %zu\r\n\r\n",
        length);
    memcpy(connection->answer + head, body, length);
    connection->length = head + length;
    connection->sent = 0;
}

/* The response to DeleteObjects, which confirms each key. */
static char *make_deleted(const char *request, size_t *length) {
    char *body = malloc(2 * strlen(request) + 256), *text = body;
    text += sprintf(text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<DeleteResult>");
    for (const char *key = request; (key = strstr(key, "<Key>"));) {
        const char *end = strstr(key, "</Key>");
        if (!end) break;
        text += sprintf(text, "<Deleted>%.*s</Key></Deleted>", (int)(end - key), key);
        key = end;
    }
    text += sprintf(text, "</DeleteResult>\n");
    *length = text - body;
    return body;
}

static void make_answer(struct due *due) {
    struct connection *connection = due->connection;
    if (due->body) {
        fill_answer(connection, due->body, due->length);
        free(due->body);
        return;
    }
    long end = due->first + due->limit < count ? due->first + due->limit : count;
    char *body = malloc((end - due->first) * ENTRY + 1024), *text = body;
    text += sprintf(
        text,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>bench</Name><Prefix></Prefix>"
        "<EncodingType>url</EncodingType><KeyCount>%ld</KeyCount><MaxKeys>1000</MaxKeys>"
        "<IsTruncated>%s</IsTruncated>",
        end - due->first, end < count ? "true" : "false");
    if (end < count) {
        text += sprintf(text, "<NextContinuationToken>%s</NextContinuationToken>", keys[end - 1]);
    }
    for (long i = due->first; i < end; i++) {
        static const char before[] = "<Contents><Key>";
        static const char rest[] =
            "</Key><LastModified>2026-03-02T12:00:00.000Z</LastModified>"
            "<ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>200</Size>"
            "<StorageClass>STANDARD</StorageClass></Contents>";
        text = mempcpy(text, before, sizeof before - 1);
        text = mempcpy(text, keys[i], DIGITS);
        text = mempcpy(text, rest, sizeof rest - 1);
    }
    text += sprintf(text, "</ListBucketResult>\n");
    fill_answer(connection, body, text - body);
    free(body);
}

static void watch(int epoll, struct connection *connection, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = connection};
    epoll_ctl(epoll, EPOLL_CTL_MOD, connection->descriptor, &event);
}

static void end(struct connection *connection) {
    for (size_t i = queue_first; i != queue_last; i = (i + 1) % CONNECTIONS) {
        if (queue[i].connection == connection) queue[i].connection = NULL;
    }
    close(connection->descriptor);
    free(connection->answer);
    free(connection->request);
    connection->request = NULL;
    connection->descriptor = -1;
    closed[closed_count++] = connection;
}

static void send_answer(int epoll, struct connection *connection) {
    while (connection->sent < connection->length) {
        ssize_t sent = send(
            connection->descriptor, connection->answer + connection->sent, connection->length - connection->sent,
            MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) return watch(epoll, connection, EPOLLIN | EPOLLOUT);
        if (sent < 0) return end(connection);
        connection->sent += sent;
    }
    free(connection->answer);
    connection->answer = NULL;
    watch(epoll, connection, EPOLLIN);
}

static void receive(int epoll, struct connection *connection) {
    if (connection->room < connection->received + 4096) {
        connection->room = 2 * connection->room + 8192;
        connection->request = realloc(connection->request, connection->room);
    }
    ssize_t size = recv(
        connection->descriptor, connection->request + connection->received,
        connection->room - 1 - connection->received, 0);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) return end(connection);
    connection->received += size;
    connection->request[connection->received] = 0;
    char *body = strstr(connection->request, "\r\n\r\n");
    if (!body) return;
    body += 4;
    char value[2048], number[32];
    static long deletions;
    if (!strncmp(connection->request, "POST ", 5)) {
        const char *length = strcasestr(connection->request, "\r\ncontent-length:");
        if (length && length < body && strlen(body) < strtoul(length + 17, NULL, 10)) return;
        deletions++;
        struct due due = {.time = now() + delay, .connection = connection};
        due.body = make_deleted(body, &due.length);
        queue[queue_last] = due;
        queue_last = (queue_last + 1) % CONNECTIONS;
        connection->received = 0;
        return;
    }
    if (!strncmp(connection->request, "GET /requests ", 14)) {
        fill_answer(connection, value, sprintf(value, "%ld\n", deletions));
        deletions = 0;
        connection->received = 0;
        return send_answer(epoll, connection);
    }
    char *key = parameter(connection->request, "continuation-token", value, sizeof value);
    if (!key) key = parameter(connection->request, "start-after", value, sizeof value);
    char *limit = parameter(connection->request, "max-keys", number, sizeof number);
    queue[queue_last] = (struct due){
        .time = now() + delay, .connection = connection, .first = key ? after(key) : 0,
        .limit = limit && atol(limit) < PAGE ? atol(limit) : PAGE};
    queue_last = (queue_last + 1) % CONNECTIONS;
    connection->received = 0;
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "list-server PORT KEYS DELAY\n");
        return 64;
    }
    count = atol(argv[2]);
    delay = atof(argv[3]) / 1000;
    queue = calloc(CONNECTIONS, sizeof *queue);
    make_keys();

    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), epoll = epoll_create1(0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1024)) {
        perror("list-server");
        return 1;
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[64];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int wait = -1;
        if (queue_first != queue_last) {
            double left = queue[queue_first].time - now();
            wait = left > 0 ? (int)(left * 1000) + 1 : 0;
        }
        int ready = epoll_wait(epoll, events, 64, wait);
        for (int i = 0; i < ready; i++) {
            struct connection *connection = events[i].data.ptr;
            if (!connection) {
                int descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
                if (descriptor < 0) continue;
                setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                connection = calloc(1, sizeof *connection);
                connection->descriptor = descriptor;
                struct epoll_event added = {.events = EPOLLIN, .data.ptr = connection};
                epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &added);
                continue;
            }
            if (events[i].events & EPOLLOUT) send_answer(epoll, connection);
            if (connection->descriptor >= 0 && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                receive(epoll, connection);
        }
        while (closed_count) free(closed[--closed_count]);
        while (queue_first != queue_last && queue[queue_first].time <= now()) {
            struct due due = queue[queue_first];
            queue_first = (queue_first + 1) % CONNECTIONS;
            if (!due.connection) continue;
            make_answer(&due);
            send_answer(epoll, due.connection);
        }
        while (closed_count) free(closed[--closed_count]);
    }
}
