/*
 * Functions of libzmq that a build of it may lack (drafts): weak references, so that one build of zmqbind works with
 * any libzmq >= 4.2 and finds out at run time. ZB_HAS(f) tells whether f is there. Where the linker knows no weak
 * references (Windows), they count as missing.
 */
#ifndef ZMQBIND_OPTIONAL_H
#define ZMQBIND_OPTIONAL_H

#include <stdint.h>
#include <zmq.h>

#if defined(_WIN32)

#define ZB_HAS(f) 0
static int zb_missing(void) { return -1; }
#define zmq_join(s, group) zb_missing()
#define zmq_leave(s, group) zb_missing()
#define zmq_msg_set_routing_id(msg, id) zb_missing()
#define zmq_msg_routing_id(msg) 0
#define zmq_msg_set_group(msg, group) zb_missing()
#define zmq_msg_group(msg) ""
#define zmq_connect_peer(s, endpoint) 0
#define zmq_socket_monitor_versioned(s, endpoint, events, version, type) zb_missing()
#define zmq_socket_monitor_pipes_stats(s) zb_missing()

#else

#define ZB_WEAK __attribute__((weak))
#define ZB_HAS(f) ((f) != 0)
extern int zmq_join(void *s, const char *group) ZB_WEAK;
extern int zmq_leave(void *s, const char *group) ZB_WEAK;
extern int zmq_msg_set_routing_id(zmq_msg_t *msg, uint32_t routing_id) ZB_WEAK;
extern uint32_t zmq_msg_routing_id(zmq_msg_t *msg) ZB_WEAK;
extern int zmq_msg_set_group(zmq_msg_t *msg, const char *group) ZB_WEAK;
extern const char *zmq_msg_group(zmq_msg_t *msg) ZB_WEAK;
extern uint32_t zmq_connect_peer(void *s, const char *endpoint) ZB_WEAK;
extern int zmq_socket_monitor_versioned(void *s, const char *endpoint, uint64_t events, int version, int type) ZB_WEAK;
extern int zmq_socket_monitor_pipes_stats(void *s) ZB_WEAK;
extern void *zmq_poller_new(void) ZB_WEAK;
extern int zmq_poller_destroy(void **poller) ZB_WEAK;
extern int zmq_poller_add(void *poller, void *s, void *data, short events) ZB_WEAK;
extern int zmq_poller_fd(void *poller, zmq_fd_t *descriptor) ZB_WEAK;

#endif

#define zb_has_groups() ZB_HAS(zmq_join)
#define zb_has_routing_ids() ZB_HAS(zmq_msg_set_routing_id)
#define zb_has_peers() ZB_HAS(zmq_connect_peer)
#define zb_has_monitor_versions() ZB_HAS(zmq_socket_monitor_versioned)
#define zb_has_pollers() (ZB_HAS(zmq_poller_new) && ZB_HAS(zmq_poller_fd))

#endif
