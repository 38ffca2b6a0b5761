/*
 * Answers HTTP/1.1 requests on 127.0.0.1 with bytes made beforehand: FIRST, then CHUNK so many times, GAP_US apart, then LAST.
 *
 *   canned-server FIRST CHUNK LAST COUNT GAP_US PACE
 *
 * The first three are files; COUNT 0: FIRST is the whole answer. PACE `spread`: each answer has beats of its own, so that chunks come one by
 * one; `in-step`: all have the same, so that they come together, as from a model that computes a token for all of them at once.
 *
 * Prints its port. A request counts as read when its head and the bytes of its Content-Length have come; each piece is one write. Between
 * due pieces it sleeps in the kernel, so that it takes no more of a core than its work needs.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAX_CONNECTIONS 65536
#define MAX_REQUEST (1 << 20)
/* Pieces written between two looks at the sockets. */
#define WRITES_PER_TURN 64
#define MAX_EVENTS 256

typedef struct {
  char *bytes;
  size_t length;
} Piece;

typedef struct Connection {
  struct Connection *next;
  int64_t due_ns;
  char *partial;
  size_t partial_length;
  size_t written;
  int fd;
  int sent;
  int is_queued;
  int is_closed;
} Connection;

static Piece first, chunk, last;
static int chunk_count;
static int64_t gap_ns;
static Connection *connections[MAX_CONNECTIONS];
/* Connections with a piece to send, by due time. All gaps are equal, so only the first chunk of an answer may go before others. */
static Connection *queue_head, *queue_tail;
/* Where in a gap the chunks of the next answer begin, so that answers asked for at once do not come in step. */
static double phase;
static int is_in_step;
static char input[MAX_REQUEST];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static Piece read_piece(const char *path) {
  struct stat info;
  int fd = open(path, O_RDONLY);
  if (fd < 0 || fstat(fd, &info) < 0) fail(path);
  Piece piece = {malloc(info.st_size + 1), info.st_size};
  if (read(fd, piece.bytes, piece.length) != (ssize_t)piece.length) fail(path);
  close(fd);
  return piece;
}

static void enqueue(Connection *connection, int64_t due_ns) {
  connection->due_ns = due_ns;
  connection->is_queued = 1;
  if (!queue_tail || queue_tail->due_ns <= due_ns) {
    connection->next = NULL;
    if (queue_tail) queue_tail->next = connection;
    else queue_head = connection;
    queue_tail = connection;
    return;
  }
  Connection **place = &queue_head;
  while ((*place)->due_ns <= due_ns) place = &(*place)->next;
  connection->next = *place;
  *place = connection;
}

static Connection *dequeue(void) {
  Connection *connection = queue_head;
  queue_head = connection->next;
  if (!queue_head) queue_tail = NULL;
  connection->is_queued = 0;
  return connection;
}

static void release(Connection *connection) {
  free(connection->partial);
  free(connection);
}

static void close_connection(Connection *connection) {
  connections[connection->fd] = NULL;
  close(connection->fd);
  connection->is_closed = 1;
  if (!connection->is_queued) release(connection);
}

/* Writes the piece that is due; 1 when the answer is complete, 0 when there is more, -1 when the peer has gone. */
static int write_piece(Connection *connection) {
  Piece *piece = connection->sent == 0 ? &first : connection->sent <= chunk_count ? &chunk : &last;
  ssize_t written = send(connection->fd, piece->bytes + connection->written,
                         piece->length - connection->written, MSG_NOSIGNAL);
  if (written < 0) return errno == EAGAIN ? 0 : -1;
  connection->written += written;
  if (connection->written < piece->length) return 0;
  connection->written = 0;
  connection->sent += 1;
  return chunk_count == 0 || connection->sent == chunk_count + 2;
}

static void send_piece(Connection *connection) {
  int outcome = write_piece(connection);
  if (outcome < 0) close_connection(connection);
  else if (outcome > 0) connection->sent = 0;
  else enqueue(connection, connection->due_ns + gap_ns);
}

static void begin_answer(Connection *connection) {
  int64_t now = now_ns();
  if (is_in_step && gap_ns > 0) {
    connection->due_ns = now - now % gap_ns;
  } else {
    phase += 0.6180339887; /* the golden section spreads any number of answers evenly */
    if (phase >= 1) phase -= 1;
    connection->due_ns = now + (int64_t)(phase * gap_ns);
  }
  send_piece(connection);
}

/* Bytes of the first request in `bytes`, 0 when it is not there in full. */
static size_t request_length(const char *bytes, size_t length) {
  const char *head_end = memmem(bytes, length, "\r\n\r\n", 4);
  if (!head_end) return 0;
  size_t head_length = head_end + 4 - bytes;
  const char *field = memmem(bytes, head_length, "ontent-", 7);
  size_t body_length = 0;
  while (field) {
    if (strncasecmp(field + 7, "length:", 7) == 0) {
      body_length = strtoul(field + 14, NULL, 10);
      break;
    }
    field = memmem(field + 7, head_end - field - 7, "ontent-", 7);
  }
  return head_length + body_length <= length ? head_length + body_length : 0;
}

static void on_readable(Connection *connection) {
  size_t kept = connection->partial_length;
  if (kept > 0) memcpy(input, connection->partial, kept);
  ssize_t got = read(connection->fd, input + kept, MAX_REQUEST - kept);
  if (got <= 0) {
    if (got < 0 && errno == EAGAIN) return;
    close_connection(connection);
    return;
  }
  size_t length = kept + got;
  size_t used = request_length(input, length);
  connection->partial_length = 0;
  if (used == length && !connection->is_queued && connection->sent == 0) {
    begin_answer(connection);
    return;
  }
  if (used > 0 || length == MAX_REQUEST) {
    fprintf(stderr, "a request before the last one was answered, or one too long: not for me\n");
    close_connection(connection);
    return;
  }
  connection->partial = realloc(connection->partial, length);
  memcpy(connection->partial, input, length);
  connection->partial_length = length;
}

static void accept_all(int listener, int poller) {
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    if (fd >= MAX_CONNECTIONS) {
      close(fd);
      continue;
    }
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Connection *connection = calloc(1, sizeof *connection);
    connection->fd = fd;
    connections[fd] = connection;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
  }
}

static void send_due(void) {
  int64_t now = now_ns();
  for (int writes = 0; queue_head && queue_head->due_ns <= now && writes < WRITES_PER_TURN; writes++) {
    Connection *connection = dequeue();
    if (connection->is_closed) release(connection);
    else send_piece(connection);
  }
}

static int wait_for_events(int poller, struct epoll_event *events) {
  if (!queue_head) return epoll_wait(poller, events, MAX_EVENTS, -1);
  int64_t wait_ns = queue_head->due_ns - now_ns();
  if (wait_ns <= 0) return epoll_wait(poller, events, MAX_EVENTS, 0);
  struct timespec timeout = {wait_ns / 1000000000LL, wait_ns % 1000000000LL};
  return epoll_pwait2(poller, events, MAX_EVENTS, &timeout, NULL);
}

int main(int argc, char **argv) {
  if (argc != 7) {
    fprintf(stderr, "usage: canned-server FIRST CHUNK LAST COUNT GAP_US PACE\n");
    return 2;
  }
  first = read_piece(argv[1]);
  chunk = read_piece(argv[2]);
  last = read_piece(argv[3]);
  chunk_count = atoi(argv[4]);
  gap_ns = atoll(argv[5]) * 1000;
  is_in_step = strcmp(argv[6], "in-step") == 0;

  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t address_length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (bind(listener, (struct sockaddr *)&address, address_length) < 0) fail("bind");
  if (listen(listener, 4096) < 0) fail("listen");
  getsockname(listener, (struct sockaddr *)&address, &address_length);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);

  int poller = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event listening = {.events = EPOLLIN, .data.fd = listener};
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &listening);
  struct epoll_event events[MAX_EVENTS];
  for (;;) {
    int count = wait_for_events(poller, events);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    for (int i = 0; i < count; i++) {
      if (events[i].data.fd == listener) accept_all(listener, poller);
      else if (connections[events[i].data.fd]) on_readable(connections[events[i].data.fd]);
    }
    send_due();
  }
}
