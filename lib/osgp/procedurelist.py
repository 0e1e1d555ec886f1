"""The procedures that the guides name, as data; `osgp.procedures` reads them.

A block begins with `code;name;level;client;memory;seconds;firmware;source` and tells, in order:

    kind name [is LIST] [length of NAME] [default N] [if NAME=N,N]    a parameter
    > kind name                                                       a field of the answer
    ! code words;code words                                           results of its own

level: the lowest key that may call it. client: `any`, or `two` where both MEP ports are in use.
memory: RAM where a call wears nothing, else NVM. seconds: how long "not fully completed" is asked
again for; 1 (time to post an answer, p. 52) where that is a final result. `...` as the parameters:
no guide tells them, they are given as `raw`. LISTs are in `NAMES`; a number may stand for a word.
"""

# Only EP17, EP19 and EP61 are described in the guides. Of the standard ones ANSI C12.19 tells the
# parameters. Those of EP39 are what an open reader sends to real meters as type 4; type 12 is from
# p. 35. Seconds of EP17 and EP19 are ours: no guide gives a limit.
PROCEDURES = """
BP01;warm_start;MAK;any;NVM;1;all;p. 51, ANSI C12.19

BP04;reset_list_pointers;MAK;any;NVM;1;all;p. 237, ANSI C12.19
u8 list is LOG

BP05;update_last_read;MAK;any;NVM;1;all;p. 237, ANSI C12.19
u8 list is LOG
u16 entries

BP10;set_clock;MAK;any;NVM;1;all;p. 60
...

BP12;activate_pending_tables;MAK;any;NVM;1;all;optical p. 10, ANSI C12.19

BP13;activate_pending_table;MAK;any;NVM;1;all;optical p. 10
...

EP02;control_relay;MAK;any;NVM;1;all;p. 101
...

EP03;clear_alarms;MAK;any;NVM;1;all;p. 139
...

EP04;unexplained;MAK;any;NVM;1;all;p. 51
...

EP06;configure_extended_logs;MAK;any;NVM;1;all;p. 107
...

EP11;configure_load_profile;MAK;any;NVM;1;all;p. 98
...

EP16;change_clock_by_delta;MBK;any;NVM;1;all;p. 13
...

EP17;remove_device;MBK;any;NVM;30;all;p. 243
u8 action is REMOVAL
u16 handle
! 1 not all removed yet;2 no such action;3 no device has this handle;4 a removal is under way

EP18;clear_device_alarms;MAK;any;NVM;1;all;p. 87
...

EP19;post_mbus_request;MAK;any;NVM;1;all;p. 244
u16 transaction default 1024
u16 target
u8 request is REQUEST
u8 size length of data if request=4,6,10
raw data if request=4,6,10
u32 image_length if request=9 if 3.80
raw16 image_mac if request=9 if 3.80
> u8 entry
! 2 no such request;3 no device has this handle, group or index;7 the queue of requests is full

EP26;mark_log_read;MAK;any;NVM;1;all;p. 107
...

EP32;configure_demand;MAK;any;NVM;1;all;p. 114
...

EP33;configure_demand_interval;MAK;any;NVM;1;all;p. 114
...

EP37;configure_log_entries;MAK;any;NVM;1;all;p. 108
...

EP39;post_mep_data;MBK;any;RAM;1;all;p. 18
u8 type is POST
u8 status is STATUS default 1
u16 size length of data
raw data default

EP41;start_mep_download;MAK;any;NVM;1;all;p. 91
...

EP50;pass_measurements;MAK;any;RAM;1;all;p. 215
...

EP52;change_load_profile_sources;MAK;any;NVM;1;all;p. 173
...

EP61;lock_transactions;MBK;two;RAM;1;4.0;p. 247
u8 lock is LOCK
! 3 the other MEP client holds the lock;5 only a MEP client may

EP62;transaction_lock;MBK;two;RAM;1;4.0;p. 138
...

EP64;reset_previous_season;MAK;any;NVM;1;4.10;p. 211
...
"""

NAMES = """
LOG 1 event_log;2 self_reads;3 load_profile_1;4 load_profile_2;5 load_profile_3;6 load_profile_4;\
7 load_profiles;8 history_log;255 all_but_event_log
REMOVAL 0 address_0;1 address_250
REQUEST 1 application_reset;2 billing_read;3 status_read;4 write;5 time_sync;6 multicast;\
9 switchover;10 write_by_index
POST 4 scheduled_read_and_alarms;12 clear_delta_data
STATUS 1 success
LOCK 0 unlock;1 lock
"""


def version(text):
    """ "3.80" -> (3, 80); (0,) for "all"."""
    return tuple([int(p) for p in text.split(".")]) if text != "all" else (0,)


def number_of(code):
    """ "EP19" -> 2067."""
    return int(code[2:]) + (2048 if code[0] == "E" else 0)


def code_of(number):
    """2067 -> "EP19"."""
    return "%sP%02d" % ("E" if number & 2048 else "B", number & 2047)


def blocks():
    """The declarations as texts, one a procedure."""
    return PROCEDURES.strip().split("\n\n")


def head(number):
    """The first line of the block of procedure ``number`` as a list, None if there is none."""
    at = PROCEDURES.find("\n%s;" % code_of(number))
    return None if at < 0 else PROCEDURES[at + 1 : PROCEDURES.find("\n", at + 1)].split(";")
