// SPDX-License-Identifier: Apache-2.0

// Makes a topic at a Kafka broker, and prints what is written to it: one line of JSON for each record, with its
// topic, key and value.
//
//	collector HOST:PORT TOPIC CERTIFICATE KEY AUTHORITY
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"log"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func makeTopic(client *kgo.Client, name string) {
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = name, 3, 1
	request := kmsg.NewCreateTopicsRequest()
	request.Topics = append(request.Topics, topic)
	response, err := request.RequestWith(context.Background(), client)
	check(err)
	if err := kerr.ErrorForCode(response.Topics[0].ErrorCode); err != nil && err != kerr.TopicAlreadyExists {
		log.Fatal(err)
	}
}

func main() {
	address, topic := os.Args[1], os.Args[2]
	certificate, err := tls.LoadX509KeyPair(os.Args[3], os.Args[4])
	check(err)
	authority, err := os.ReadFile(os.Args[5])
	check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	client, err := kgo.NewClient(kgo.SeedBrokers(address), kgo.ConsumeTopics(topic), kgo.RetryTimeout(time.Minute),
		kgo.MetadataMinAge(100*time.Millisecond), kgo.MetadataMaxAge(5*time.Second),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.DialTLSConfig(&tls.Config{Certificates: []tls.Certificate{certificate}, RootCAs: roots}))
	check(err)
	makeTopic(client, topic)
	out := json.NewEncoder(os.Stdout)
	for {
		client.PollFetches(context.Background()).EachRecord(func(r *kgo.Record) {
			check(out.Encode(map[string]any{"topic": r.Topic, "partition": r.Partition, "key": r.Key,
				"value": json.RawMessage(r.Value)}))
		})
	}
}
