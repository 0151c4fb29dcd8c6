/* One socket of czmq's, driven from outside as tests/peering.py tells. */

#include <czmq.h>

static zsock_t *sock;
static zactor_t *auth;

static void answer (const char *text)
{
    printf ("ok%s%s\n", *text ? " " : "", text);
    fflush (stdout);
}

static int value_of (char digit)
{
    return digit <= '9' ? digit - '0' : digit - 'a' + 10;
}

/* Turn hexadecimal digits into bytes, in place; return how many. "-" stands for none. */
static size_t decode (char *hex)
{
    size_t size = 0;
    if (strcmp (hex, "-") == 0)
        return 0;
    for (; hex[2 * size] && hex[2 * size + 1]; size++)
        hex[size] = (char) (value_of (hex[2 * size]) * 16 + value_of (hex[2 * size + 1]));
    return size;
}

/* Set an option given as NUMBER:i:VALUE or NUMBER:b:HEX; return 0, or -1 where that fails. */
static int set_option (char *text)
{
    int number = atoi (strtok (text, ":"));
    const char *kind = strtok (NULL, ":");
    char *value = strtok (NULL, ":");
    if (*kind == 'i') {
        int integer = atoi (value);
        return zmq_setsockopt (zsock_resolve (sock), number, &integer, sizeof integer);
    }
    size_t size = decode (value);
    return zmq_setsockopt (zsock_resolve (sock), number, value, size);
}

static int type_of (const char *name)
{
    static const char *names[] = {"PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB", "STREAM"};
    for (int type = 0; type < 12; type++)
        if (strcmp (names[type], name) == 0)
            return type;
    return -1;
}

static int open_socket (char **words)
{
    char *type = strsep (words, " "), *how = strsep (words, " "), *endpoint = strsep (words, " "), *option;
    sock = zsock_new (type_of (type));
    while ((option = strsep (words, " ")) != NULL)
        if (set_option (option) != 0)
            return -1;
    void *handle = zsock_resolve (sock);
    if ((strcmp (how, "bind") == 0 ? zmq_bind : zmq_connect) (handle, endpoint) != 0)
        return -1;
    char bound[256] = "";
    size_t size = sizeof bound;
    zmq_getsockopt (handle, ZMQ_LAST_ENDPOINT, bound, &size);
    answer (bound);
    return 0;
}

static int send_message (char **words)
{
    zmsg_t *message = zmsg_new ();
    char *word;
    while ((word = strsep (words, " ")) != NULL)
        zmsg_addmem (message, word, decode (word));
    if (zmsg_send (&message, sock) != 0)
        return -1;
    answer ("");
    return 0;
}

static int receive_message (void)
{
    zmsg_t *message = zmsg_recv (sock);
    if (message == NULL)
        return -1;
    printf ("ok");
    for (zframe_t *frame = zmsg_first (message); frame; frame = zmsg_next (message)) {
        printf (zframe_size (frame) ? " " : " -");
        for (size_t i = 0; i < zframe_size (frame); i++)
            printf ("%02x", zframe_data (frame)[i]);
    }
    printf ("\n");
    fflush (stdout);
    zmsg_destroy (&message);
    return 0;
}

static int poll_socket (const char *timeout)
{
    zmq_pollitem_t item = {zsock_resolve (sock), 0, ZMQ_POLLIN, 0};
    if (zmq_poll (&item, 1, atol (timeout)) < 0)
        return -1;
    answer (item.revents ? "1" : "0");
    return 0;
}

static int guard (const char *kind, const char *argument)
{
    char command[16];
    if (auth == NULL)
        auth = zactor_new (zauth, NULL);
    for (size_t i = 0; i < sizeof command; i++)
        if ((command[i] = (char) toupper ((unsigned char) kind[i])) == 0)
            break;
    zstr_sendx (auth, command, argument, NULL);
    zsock_wait (auth);
    answer ("");
    return 0;
}

static int load_certificate (const char *file)
{
    zcert_t *certificate = zcert_load (file);
    if (certificate == NULL)
        return -1;
    const char *name = zcert_meta (certificate, "name");
    printf ("ok %s %s %s\n", zcert_public_txt (certificate), zcert_secret_txt (certificate), name ? name : "-");
    fflush (stdout);
    zcert_destroy (&certificate);
    return 0;
}

static int make_certificate (const char *file, const char *name)
{
    zcert_t *certificate = zcert_new ();
    zcert_set_meta (certificate, "name", "%s", name);
    int rc = zcert_save (certificate, file);
    if (rc == 0) {
        printf ("ok %s %s\n", zcert_public_txt (certificate), zcert_secret_txt (certificate));
        fflush (stdout);
    }
    zcert_destroy (&certificate);
    return rc;
}

static int perform (char *line)
{
    const char *command = strsep (&line, " ");
    if (strcmp (command, "info") == 0) {
        answer (zsys_has_curve () ? "czmq 1" : "czmq 0");
        return 0;
    }
    if (strcmp (command, "open") == 0)
        return open_socket (&line);
    if (strcmp (command, "send") == 0)
        return send_message (&line);
    if (strcmp (command, "recv") == 0)
        return receive_message ();
    if (strcmp (command, "poll") == 0)
        return poll_socket (line);
    if (strcmp (command, "guard") == 0) {
        const char *kind = strsep (&line, " ");
        return guard (kind, line);
    }
    if (strcmp (command, "load") == 0)
        return load_certificate (line);
    if (strcmp (command, "make") == 0) {
        const char *file = strsep (&line, " ");
        return make_certificate (file, line);
    }
    if (strcmp (command, "close") == 0) {
        zsock_destroy (&sock);
        zactor_destroy (&auth);
        answer ("");
        return 0;
    }
    errno = EINVAL;
    return -1;
}

int main (void)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    zsys_init ();
    zsys_set_linger (0);
    while ((length = getline (&line, &size, stdin)) > 0) {
        line[length - 1] = 0;
        if (perform (line) != 0) {
            printf ("error %s\n", zmq_strerror (errno));
            fflush (stdout);
        }
    }
    free (line);
    zsock_destroy (&sock);
    zactor_destroy (&auth);
    return 0;
}
