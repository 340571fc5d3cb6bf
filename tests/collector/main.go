// SPDX-License-Identifier: Apache-2.0

// A broker that speaks Kafka's protocol and prints what is written to it: one line of JSON for each record,
// with its topic, key and value.
//
//	collector PORT TOPIC CERTIFICATE KEY
package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"log"
	"os"
	"strconv"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

func main() {
	port, err := strconv.Atoi(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	topic := os.Args[2]
	certificate, err := tls.LoadX509KeyPair(os.Args[3], os.Args[4])
	if err != nil {
		log.Fatal(err)
	}
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.TLS(&tls.Config{Certificates: []tls.Certificate{certificate}}),
		kfake.Ports(port), kfake.SeedTopics(3, topic))
	if err != nil {
		log.Fatal(err)
	}
	defer cluster.Close()
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		// Its own reader does not ask who it is.
		kgo.DialTLSConfig(&tls.Config{InsecureSkipVerify: true}))
	if err != nil {
		log.Fatal(err)
	}
	out := json.NewEncoder(os.Stdout)
	for {
		client.PollFetches(context.Background()).EachRecord(func(r *kgo.Record) {
			if err := out.Encode(map[string]any{"topic": r.Topic, "partition": r.Partition, "key": r.Key,
				"value": json.RawMessage(r.Value)}); err != nil {
				log.Fatal(err)
			}
		})
	}
}
